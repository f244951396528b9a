"""One small request to somebody else's HTTP server, and what its refusals mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.checking.verdicts import Verdict, failed, warning
from app.providers.sending import FaultKind, ProviderFault, send

ANSWER_SECONDS = 8
"""Less than a check may take, so that it can tell who did not answer, and which variable says where that is."""


@dataclass(frozen=True, slots=True)
class Service:
    """Whom we ask, and by which variables an operator sets that. `title` begins a sentence."""

    title: str
    url: str
    url_variable: str
    key_variable: str
    key: str | None = None

    @property
    def place(self) -> str:
        """The title with the name of the host, which is all that is shown of an address."""
        try:
            host = urlsplit(self.url).hostname
        except ValueError:
            host = None
        return f"{self.title} at {host}" if host else self.title


async def ask(
    http: httpx.AsyncClient,
    service: Service,
    method: str,
    path: str,
    *,
    expected: Mapping[int, Verdict] | None = None,
    **content: Any,
) -> httpx.Response | Verdict:
    """Send one request, with the key if there is one; the answer if it is 2xx, else what is wrong.

    `expected` has verdicts for statuses that mean something else here than they usually do.
    """
    headers = {"Authorization": f"Bearer {service.key}"} if service.key else {}
    try:
        request = http.build_request(method, service.url.rstrip("/") + path, headers=headers, **content)
        return await send(http, request, timeout_seconds=ANSWER_SECONDS)
    except ProviderFault as fault:
        verdict = (expected or {}).get(fault.status or 0)
        return verdict or _explain(service, fault)
    except (httpx.InvalidURL, ValueError):
        cure = f"check {service.url_variable} and {service.key_variable}"
        return failed(f"{service.title}: its address or key holds what cannot be sent", cure)


def _explain(service: Service, fault: ProviderFault) -> Verdict:
    cure = f"check {service.url_variable}, and the network"
    match fault.kind:
        case FaultKind.TIMEOUT:
            return failed(f"{service.place} does not answer in time", cure)
        case FaultKind.NETWORK:
            return failed(f"{service.place} cannot be reached", cure)
        case FaultKind.STATUS:
            return _explain_status(service, fault.status or 0)
        case _:
            return answers_something_else(service)


def _explain_status(service: Service, status: int) -> Verdict:
    if status in (401, 403):
        return failed(f"{service.place} refuses the key ({status})", f"set {service.key_variable} to a valid key")
    if status == 402:
        return failed(f"{service.place} asks for payment (402)", "see the credit and the budget of the account")
    if status == 429:
        return warning(f"{service.place} takes no more requests just now (429)", "try again later; see the quota")
    if status >= 500:
        return failed(f"{service.place} is out of order ({status})", "try again later; see the status page")
    return failed(f"{service.place} knows no such endpoint ({status})", f"check {service.url_variable}")


def answers_something_else(service: Service) -> Verdict:
    """For an answer that is not the service's, such as the sign-in page of a network."""
    return failed(f"{service.place} answers, but not as that service does", f"check {service.url_variable}")

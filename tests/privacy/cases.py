"""What the matrix tries: something that can be asked for, with places where ids go.

`rest_cases.py` makes them of the OpenAPI document, `graphql_cases.py` of the schema. Both raise `CannotFillError` for
an input of a kind that nobody has thought about here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

import httpx
import orjson

from app.idempotency.answers import REPLAYED_HEADER
from app.idempotency.service import HEADER as KEY_HEADER
from tests.forms import CONTENT_TYPE, WAV, Part, encode, file
from tests.privacy.estate import COMMON_WORD

TEXT = f"{COMMON_WORD}@example.org"
"""Passes for any text, an e-mail address too."""

DAY, MOMENT = "2026-02-12", "2026-02-12T10:00:00Z"
FILE = object()
"""Where a recording goes."""


class CannotFillError(Exception):
    """There is an input for which the generators have no value."""


class SlotKind(StrEnum):
    """What goes into a slot: the id of the ONE thing that is meant, where any but the user's own is an error; one that
    is compared with others, or linked to something; several ids; or the place where a page begins."""

    ONE = "one"
    FILTER = "filter"
    MANY = "many"
    CURSOR = "cursor"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for ids, or for a cursor; without a value it stays empty."""

    name: str
    kind: SlotKind

    def wrap(self, ids: list[str]) -> Any:
        """The value for these ids: all of them where the slot takes many, else the only one."""
        if self.kind is SlotKind.MANY:
            return ids
        [value] = ids
        return value


Values = Mapping[Slot, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, apart from what differs from one request to the next; `errors` are statuses and codes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    errors: tuple[tuple[int, str], ...] = field(compare=False)

    @classmethod
    def of(cls, response: httpx.Response) -> "Answer":
        headers = sorted((name, value) for name, value in response.headers.items() if name != "x-request-id")
        return cls(response.status_code, tuple(headers), response.content, tuple(_find_errors(response)))

    @property
    def is_missing(self) -> bool:
        """Whether it says that there is no such thing."""
        return bool(self.errors) and all(status == 404 and code.endswith("_not_found") for status, code in self.errors)

    @property
    def is_done(self) -> bool:
        """Whether it is what was asked for, or would be if the server had that feature."""
        return all(code == "feature_not_available" for _, code in self.errors)

    @property
    def is_replayed(self) -> bool:
        return any(name == REPLAYED_HEADER.lower() for name, _ in self.headers)

    @property
    def text(self) -> str:
        """Everything that a client can see of it."""
        return f"{self.headers} {self.content.decode()}"


def _find_errors(response: httpx.Response) -> Iterator[tuple[int, str]]:
    body = orjson.loads(response.content) if response.content else None
    if isinstance(body, dict):
        if "error" in body:
            yield response.status_code, body["error"]["code"]
        for error in body.get("errors", ()):
            yield error["extensions"]["status"], error["extensions"]["code"]


@dataclass(frozen=True)
class Case(ABC):
    """An endpoint or a field. `options` are inputs that may be left out, each with a value to try."""

    name: str
    template: Any
    options: dict[str, Any]
    changes: bool

    def __str__(self) -> str:
        return self.name

    @property
    def slots(self) -> list[Slot]:
        return list(find_slots(self.template))

    @property
    def id_slots(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.kind is not SlotKind.CURSOR]

    @property
    def cursor_slots(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.kind is SlotKind.CURSOR]

    def unknown_values(self) -> dict[Slot, Any]:
        """Ids that nobody knows, in every slot that takes ids."""
        return {slot: slot.wrap([str(uuid4())]) for slot in self.id_slots}

    @abstractmethod
    def locate(self, values: Values) -> tuple[str, str]:
        """Method and path of the request."""

    @abstractmethod
    def write(self, values: Values, options: Mapping[str, Any]) -> dict[str, Any]:
        """Query and body of the request, as httpx wants them."""

    async def send(
        self, client: httpx.AsyncClient, user: str, values: Values, *, key: str | None = None, **options: Any
    ) -> Answer:
        """Ask as a user, with values for slots and a few of the options."""
        method, path = self.locate(values)
        request = self.write(values, options)
        headers = {"X-Local-User-Id": user, **request.pop("headers", {}), **({KEY_HEADER: key} if key else {})}
        return Answer.of(await client.request(method, path, headers=headers, **request))


def fill(template: Any, values: Values) -> Any:
    """Put values into the slots of a template, None into those without."""
    if isinstance(template, Slot):
        return values.get(template)
    if isinstance(template, dict):
        return {name: fill(member, values) for name, member in template.items()}
    if isinstance(template, list):
        return [fill(member, values) for member in template]
    return template


def write_form(parts: list[Part]) -> dict[str, Any]:
    return {"content": encode(parts), "headers": {"Content-Type": CONTENT_TYPE}}


def write_file(name: str) -> Part:
    return file(WAV, name=name, file_name=f"{COMMON_WORD}.wav")


def find_slots(template: Any) -> Iterator[Slot]:
    if isinstance(template, Slot):
        yield template
    elif isinstance(template, dict | list):
        for member in template.values() if isinstance(template, dict) else template:
            yield from find_slots(member)

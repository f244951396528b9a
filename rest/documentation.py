"""What an endpoint says about itself beside its route; `rest/openapi.py` makes the document of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.errors import InternalError, ScryonError, ServiceUnavailableError
from rest.inputs import Input

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__documentation__"


@dataclass(frozen=True, slots=True)
class Documentation:
    """The contract of one endpoint, apart from method and path.

    `answers` names the operations whose bodies it answers with, none for an answer without body; `schema` stands in
    where no operation answers. `form` is the schema of a multipart body. `location` says that the header is sent.
    """

    operation_id: str
    status: int = 200
    answers: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    errors: tuple[type[ScryonError], ...] = ()
    query: type[Input] | None = None
    body: type[Input] | None = None
    form: Callable[[], dict[str, Any]] | None = None
    location: bool = False
    parameters: tuple[dict[str, Any], ...] = ()


def documented(documentation: Documentation) -> Callable[[F], F]:
    """Attach its contract to an endpoint."""

    def attach(endpoint: F) -> F:
        setattr(endpoint, _ATTRIBUTE, documentation)
        return endpoint

    return attach


def find_documentation(endpoint: Callable[..., Any]) -> Documentation | None:
    """The contract of an endpoint, if it has one."""
    return getattr(endpoint, _ATTRIBUTE, None)


ANY_CALL: tuple[type[ScryonError], ...] = (InternalError, ServiceUnavailableError)
"""What every endpoint with a user can answer (rest.md, section 1.6, [A])."""

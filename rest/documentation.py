"""What an endpoint says about itself beside its route; `rest/openapi.py` makes the document of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.errors import (
    AccountDisabledError,
    AuthDisabledError,
    AuthInvalidError,
    AuthMissingError,
    IdempotencyInProgressError,
    IdempotencyKeyConflictError,
    InternalError,
    PayloadTooLargeError,
    ScryonError,
    ServiceUnavailableError,
    UnsupportedMediaTypeError,
    ValidationFailedError,
)
from rest.inputs import Input

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__documentation__"


@dataclass(frozen=True, slots=True)
class RawBody:
    """A JSON object that is somebody else's: kept as it comes, whatever its members."""

    description: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Documentation:
    """The contract of one endpoint, apart from method and path.

    `answers` names the operations whose bodies it answers with, none for an answer without body; `schema` stands in
    where no operation answers. `form` is the schema of a multipart body. `location` says that the header is sent.
    `changes` says that an `Idempotency-Key` is heeded, `is_public` that nobody needs to sign in. `errors` are those of
    this endpoint alone: `all_errors` adds what every endpoint of its kind can answer.
    """

    operation_id: str
    status: int = 200
    answers: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    errors: tuple[type[ScryonError], ...] = ()
    query: type[Input] | None = None
    body: type[Input] | None = None
    form: Callable[[], dict[str, Any]] | None = None
    raw_body: RawBody | None = None
    location: bool = False
    parameters: tuple[dict[str, Any], ...] = ()
    changes: bool = False
    is_public: bool = False

    @property
    def all_errors(self) -> frozenset[type[ScryonError]]:
        """Everything that the endpoint can answer beside its success. Source: rest.md, section 1.6."""
        return frozenset(
            (
                *self.errors,
                *(() if self.is_public else SIGNED_IN),
                *(BODY if self.body is not None else ()),
                *(KEYED if self.changes else ()),
            )
        )


def documented(documentation: Documentation) -> Callable[[F], F]:
    """Attach its contract to an endpoint."""

    def attach(endpoint: F) -> F:
        setattr(endpoint, _ATTRIBUTE, documentation)
        return endpoint

    return attach


def find_documentation(endpoint: Callable[..., Any]) -> Documentation | None:
    """The contract of an endpoint, if it has one."""
    return getattr(endpoint, _ATTRIBUTE, None)


SIGNED_IN: tuple[type[ScryonError], ...] = (
    AuthMissingError,
    AuthInvalidError,
    AuthDisabledError,
    AccountDisabledError,
    InternalError,
    ServiceUnavailableError,
)
"""[A]"""

BODY: tuple[type[ScryonError], ...] = (ValidationFailedError, PayloadTooLargeError, UnsupportedMediaTypeError)
"""[B]"""

KEYED: tuple[type[ScryonError], ...] = (
    ValidationFailedError,
    IdempotencyKeyConflictError,
    IdempotencyInProgressError,
)
"""[I]"""

"""The user of a request, and what their request can do: run operations and be answered."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Response

from app.deadline import deadline
from app.errors import FeatureNotAvailableError, ScryonError
from app.idempotency.answers import NO_CONTENT, Answer
from app.idempotency.fingerprints import fingerprint, form_value
from app.idempotency.keyed import KeyedRequest
from app.idempotency.service import HEADER, Attempt, do_once, is_kept, make_scope, read_key
from app.strict_json import write_json
from app.uploads.forms import CallForm, SampleForm, receive_call, receive_sample
from rest.answers import to_response, write_error
from rest.inputs import M, read_json, request_body
from scryon_graphql.context import Context
from scryon_graphql.ids import parse_id


class Caller:
    """A signed-in user with a request."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request = request
        self._context = context

    async def answer(self, operation: str, variables: Mapping[str, Any]) -> Response:
        """Run a persisted query; its body is the answer.

        Raises:
            ScryonError: what a resolver raised, or ServiceUnavailableError when it takes too long.
        """
        return to_response(Answer(200, write_json(await self._run(operation, variables, self._context))))

    async def _run(self, operation: str, variables: Mapping[str, Any], context: Context) -> Any:
        async with deadline():
            return await self._request.app.state.operations.run(operation, variables, context)


class ChangingCaller(Caller):
    """A caller whose request changes something, and may carry an `Idempotency-Key`."""

    def __init__(self, request: Request, context: Context) -> None:
        """Raises ValidationFailedError for a malformed key, before anything of the body is read."""
        super().__init__(request, context)
        self._key = read_key(request.headers.get(HEADER))
        self._body: Any = None

    async def read_json(self, model: type[M]) -> M:
        """Read the body. Raises as `rest.inputs.read_json`."""
        self._body, read = await read_json(self._request, model)
        return read

    @asynccontextmanager
    async def receive_call(self) -> AsyncIterator[CallForm]:
        """Take in the recording of the request. Raises as `app.uploads.forms.receive_call`."""
        context = self._context
        async with receive_call(context.resources, context.user_id, request_body(self._request)) as form:
            self._body = form_value(form.parts)
            structlog.contextvars.bind_contextvars(callId=str(form.recording.call_id))
            yield form

    async def receive_sample(self) -> SampleForm:
        """Take in the voice sample of the request. Raises as `app.uploads.forms.receive_sample`."""
        form = await receive_sample(self._context.resources.settings, request_body(self._request))
        self._body = form_value(form.parts)
        return form

    async def change(
        self,
        operation: str,
        variables: Mapping[str, Any],
        *,
        status: int = 200,
        locate: Callable[[Any], str] | None = None,
    ) -> Response:
        """Run a persisted mutation, once per key; its body is the answer, unless that is a 204.

        `locate` makes the path of what was made out of the body.

        Raises:
            ScryonError: what a resolver raised, as `answer`; or the key is in use.
        """

        async def run(context: Context) -> Answer:
            body = await self._run(operation, variables, context)
            if status == 204:
                return NO_CONTENT
            return Answer(status, write_json(body), {"Location": locate(body)} if locate else {})

        if self._key is None:
            return to_response(await run(self._context))

        async def work(keyed: KeyedRequest) -> Answer:
            try:
                return await run(self._context.with_key(keyed))
            except ScryonError as error:
                keyed.is_final = keyed.is_final and is_kept(error)
                return write_error(error)

        request, context = self._request, self._context
        scope = make_scope(context.user_id, request.method, request.scope["path"], self._key)
        attempt = Attempt(scope, fingerprint(request.query_params.multi_items(), self._body))
        outcome = await do_once(context.resources.database, attempt, work)
        return to_response(outcome.answer, is_replayed=outcome.is_replayed)


def _context(request: Request) -> Context:
    state = request.state
    _name_call(request)
    return Context(request.app.state.resources, state.user.id, state.request_id)


def _name_call(request: Request) -> None:
    """Let the log lines of a request about one call name it; what is no id is not written down."""
    if "/calls/{id}" in request.scope["route"].path:
        call_id = parse_id(request.path_params["id"])
        if call_id is not None:
            structlog.contextvars.bind_contextvars(callId=str(call_id))


async def _as_caller(request: Request) -> Caller:
    return Caller(request, _context(request))


async def _as_changing_caller(request: Request) -> ChangingCaller:
    return ChangingCaller(request, _context(request))


async def _as_uploading_caller(request: Request) -> ChangingCaller:
    request.state.user.require_active()
    return await _as_changing_caller(request)


async def _as_sampling_caller(request: Request) -> ChangingCaller:
    # Before the key and the body are looked at (rest.md 1.4, step 8).
    if not request.app.state.resources.settings.voice_embedding_enabled:
        raise FeatureNotAvailableError
    return await _as_changing_caller(request)


SignedIn = Annotated[Caller, Depends(_as_caller)]
"""The caller of an endpoint that reads."""

Uploading = Annotated[ChangingCaller, Depends(_as_uploading_caller)]
"""The caller of an upload. Raises AccountSuspendedError, and as `Changing`."""

Sampling = Annotated[ChangingCaller, Depends(_as_sampling_caller)]
"""The caller who brings a voice sample. Raises FeatureNotAvailableError, and as `Changing`."""

Changing = Annotated[ChangingCaller, Depends(_as_changing_caller)]
"""The caller of an endpoint that changes something. Raises ValidationFailedError for a malformed key."""

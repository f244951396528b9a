"""The user of a request, and what their request can do: run operations and be answered."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.auth.local import sign_in
from app.deadline import deadline
from app.uploads.forms import CallForm, receive_call
from rest.answers import json_answer
from rest.inputs import request_body
from scryon_graphql.context import Context, make_context


class Caller:
    """A signed-in user with a request."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request = request
        self._context = context

    async def run(self, operation: str, variables: Mapping[str, Any]) -> Any:
        """Run a persisted operation and take its body.

        Raises:
            ScryonError: what a resolver raised, or ServiceUnavailableError when it takes too long.
        """
        async with deadline():
            return await self._request.app.state.operations.run(operation, variables, self._context)

    async def answer(
        self, operation: str, variables: Mapping[str, Any], *, status: int = 200, location: str | None = None
    ) -> Response:
        """Run a persisted operation; its body is the answer."""
        headers = {"Location": location} if location else None
        return json_answer(await self.run(operation, variables), status, headers)

    def receive_call(self) -> AbstractAsyncContextManager[CallForm]:
        """Take in the recording of the request."""
        return receive_call(self._context.resources, self._context.user_id, request_body(self._request))


async def _identify(request: Request) -> Caller:
    resources = request.app.state.resources
    user_id = await sign_in(resources)
    return Caller(request, make_context(resources, user_id, request.state.request_id))


SignedIn = Annotated[Caller, Depends(_identify)]
"""The caller of an endpoint. Raises ServiceUnavailableError."""

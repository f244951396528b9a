"""Asks the schema the way both doors do, without HTTP."""

from typing import Any
from uuid import UUID

import pytest

from app.resources import Resources
from scryon_graphql.context import Context
from scryon_graphql.schema import schema


class Client:
    """The schema as one user sees it."""

    def __init__(self, resources: Resources, user_id: UUID) -> None:
        self._resources = resources
        self._user_id = user_id

    async def run(self, document: str, *, operation_name: str | None = None, **variables: Any) -> Any:
        """Answer as it is."""
        context = Context(self._resources, self._user_id, "test-request")
        return await schema.ask(document, variables, context, operation_name=operation_name)

    async def get(self, document: str, **variables: Any) -> Any:
        """Data of an answer without errors."""
        result = await self.run(document, **variables)
        assert result.errors is None
        return result.data

    async def refused(self, document: str, **variables: Any) -> dict[str, Any]:
        """Extensions of the only error."""
        result = await self.run(document, **variables)
        assert result.errors is not None
        [error] = result.errors
        return error.extensions


@pytest.fixture
def client(resources: Resources, alice: UUID) -> Client:
    """The schema as alice sees it."""
    return Client(resources, alice)


@pytest.fixture
def stranger(resources: Resources, bob: UUID) -> Client:
    """The schema as bob sees it."""
    return Client(resources, bob)

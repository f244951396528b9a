"""Stores that all tests of a file share: filling them is most of the work."""

from collections.abc import AsyncIterator

import pytest

from app.db import Database
from app.embedded.servers import EmbeddedServers
from tests.privacy.world import World, make_world
from tests.rest.serving import rest_client
from tests.stores import make_settings, open_empty


@pytest.fixture(scope="module")
async def world(
    servers: EmbeddedServers, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A server on which Alice owns something of everything."""
    settings = make_settings(servers, tmp_path_factory.mktemp("privacy") / "data")
    async with open_empty(settings, database) as resources, rest_client(resources) as client:
        yield await make_world(resources, client)

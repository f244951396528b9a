"""REST as a client sees it, without sockets."""

from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.auth.local import sign_in
from app.db import Database
from app.embedded.servers import EmbeddedServers
from app.main import create_app
from app.resources import Resources
from tests.rest.serving import Server, run_server


@pytest.fixture
def app(resources: Resources) -> FastAPI:
    """The application with all its endpoints, over the connections of the test."""
    app = create_app(resources.settings.model_copy(update={"debug_endpoints_enabled": True}))
    app.state.resources = resources
    return app


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client; an exception that leaves the application fails the test."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def owner(resources: Resources) -> UUID:
    """The user as whom the client is signed in."""
    return await sign_in(resources)


@pytest.fixture
def break_store(resources: Resources) -> Callable[[], None]:
    """Lets every access to the object store fail from now on: the folder of all users leads to itself."""

    def break_it() -> None:
        users = resources.settings.storage_path / "users"
        if users.exists():
            users.rename(users.with_name("away"))
        users.symlink_to("users")

    return break_it


@pytest.fixture(scope="session")
def server(servers: EmbeddedServers, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API as a process, on the database of the run; it outlives a test, whose tables it shares."""
    assert servers.database_url is not None
    assert servers.redis_url is not None
    environment = {
        "DB_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "FLYWAY_ENABLED": "false",
        "SCRYON_DEBUG_ENDPOINTS_ENABLED": "true",
    }
    with run_server(tmp_path_factory.mktemp("server"), environment) as running:
        yield running

"""REST as a client sees it, without sockets."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.auth.local import local_identity
from app.main import create_app
from app.resources import Resources
from app.users.service import sign_in_user


@pytest.fixture
def app(resources: Resources) -> FastAPI:
    """The application over the connections of the test."""
    app = create_app(resources.settings)
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
    return (await sign_in_user(resources.database, local_identity(None))).id


@pytest.fixture
def break_store(resources: Resources) -> Callable[[], None]:
    """Lets every access to the object store fail from now on: the folder of all users leads to itself."""

    def break_it() -> None:
        users = resources.settings.storage_path / "users"
        if users.exists():
            users.rename(users.with_name("away"))
        users.symlink_to("users")

    return break_it

"""Fixtures for everybody: real Postgres, real Redis, a local object store; every test starts with empty tables."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from xdist.scheduler import LoadScopeScheduling

from app.auth.local import local_identity
from app.db import Database, migrate
from app.embedded.servers import EmbeddedServers
from app.main import create_app
from app.observability.logging import configure_logging
from app.resources import Resources
from app.settings import Settings, load_settings
from app.users.service import sign_in_user
from tests.callbacks import SECRET
from tests.doubles.fcm import Fcm
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.identity_toolkit import IdentityToolkit
from tests.environment import forget_settings_of_the_machine
from tests.factories import Factory
from tests.rest.serving import Server, run_server
from tests.sent import sent
from tests.stores import make_settings, open_empty

if TYPE_CHECKING:
    from tests.doubles.s3 import Bucket, S3Double

LONGEST_FIRST = (
    "tests/test_end_to_end.py",
    "tests/app/providers/local/",
    "tests/contract/",
    "tests/firebase/",
    "tests/rest/test_processes.py",
    "tests/chaos/test_smoke.py",
)
"""What would keep one of several processes busy at the end, while the others have nothing left to do."""

TOGETHER = ("tests/firebase/", "tests/contract/")
"""Folders whose files share what is slow to start, or must not run twice at a time."""


class FileScheduling(LoadScopeScheduling):
    """Gives whole files to the processes of the suite, and some folders.

    xdist's own groups have no effect with pytest 9, which keeps the ids of tests in another place.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    return FileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; all are in order otherwise."""
    rank = {prefix: place for place, prefix in enumerate(LONGEST_FIRST)}
    items.sort(
        key=lambda item: min((rank[prefix] for prefix in rank if item.nodeid.startswith(prefix)), default=len(rank))
    )


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_machine() -> None:
    """Nothing of what a developer has set for a server of their own reaches a test, keys of providers above all."""
    forget_settings_of_the_machine()


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    """Log as in production; a test that looks at lines configures again under its own capture."""
    configure_logging(load_settings(log_level="ERROR"))


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Postgres and Redis for the whole run, in a folder that goes with it."""
    started = EmbeddedServers.start(tmp_path_factory.mktemp("servers"), postgres=True, redis=True)
    yield started
    started.stop()


@pytest.fixture(scope="session")
async def database(servers: EmbeddedServers) -> AsyncIterator[Database]:
    """The migrated database of the run."""
    opened = Database(servers.database_url, pool_size=20)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def settings(servers: EmbeddedServers, tmp_path: Path) -> Settings:
    """Settings of a development server whose data lies in the test's own folder."""
    return make_settings(servers, tmp_path / "data")


@pytest.fixture
async def resources(settings: Settings, database: Database) -> AsyncIterator[Resources]:
    """Connections of a process, over empty tables and an empty Redis."""
    async with open_empty(settings, database) as opened:
        yield opened


@pytest.fixture
def factory(resources: Resources) -> Factory:
    """Makes valid rows with defaults; a test writes down only what matters to it."""
    return Factory(resources)


@pytest.fixture
async def alice(factory: Factory) -> UUID:
    """The id of a user."""
    return await factory.user("alice")


@pytest.fixture
async def bob(factory: Factory) -> UUID:
    """The id of another user, who must never see anything of the first one."""
    return await factory.user("bob")


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
        "SCRYON_WEBHOOK_SECRET": SECRET,
    }
    with run_server(tmp_path_factory.mktemp("server"), environment) as running:
        yield running


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
def google_keys() -> Iterator[GoogleKeys]:
    """A double of the address of Google's public keys; it signs tokens, too."""
    with GoogleKeys() as double:
        yield double


@pytest.fixture
def identity_toolkit() -> Iterator[IdentityToolkit]:
    """A double of what firebase-admin asks about users, when `FIREBASE_AUTH_EMULATOR_HOST` is its `host`."""
    with IdentityToolkit() as double:
        yield double


@pytest.fixture
def fcm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fcm]:
    """A double of Firebase Cloud Messaging, where firebase-admin and the settings' service account lead."""
    with Fcm() as double:
        monkeypatch.setattr("firebase_admin.messaging._MessagingService.FCM_URL", double.fcm_url)
        monkeypatch.setattr("app.settings.GOOGLE_TOKEN_URL", double.token_url)
        yield double


@pytest.fixture(scope="session")
def s3_server() -> Iterator["S3Double"]:
    """A server that speaks S3, started where it is needed: its packages are slow to import."""
    from tests.doubles.s3 import S3Double

    with S3Double() as double:
        yield double


@pytest.fixture
def bucket(s3_server: "S3Double") -> Iterator["Bucket"]:
    """An empty bucket."""
    yield s3_server.make_bucket()
    s3_server.reset()


Counter = Callable[[], AbstractAsyncContextManager[list[str]]]


@pytest.fixture
def statements(resources: Resources) -> Counter:
    """A block that collects the SQL statements that run in it."""

    @asynccontextmanager
    async def collect() -> AsyncIterator[list[str]]:
        texts: list[str] = []
        async with sent(resources.database) as found:
            yield texts
        texts += [statement.sql for statement in found]

    return collect

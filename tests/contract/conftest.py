"""Fixtures of contract tests: a server that wants all credentials there are, and users who have them."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from app.actions.models import ActionSource
from app.db import Database
from app.embedded.servers import EmbeddedServers
from app.resources import Resources, open_resources
from tests.callbacks import SECRET
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import PROJECT_ID
from tests.factories import Factory
from tests.finished import finished_call
from tests.rest.serving import run_server

API_KEY = "contract-key"
MAX_FILE_BYTES = 100 * 1024
MAX_SAMPLE_MIB = 2
"""Small limits, so that they are soon reached."""

MEERA, TOBIAS, LEAVER, SUSPENDED, DISABLED = USERS = ("meera", "tobias", "leaver", "suspended", "disabled")
"""The first one asks for most; what is hers is not the second one's; the others are good for one thing each."""


@dataclass(frozen=True, slots=True)
class Door:
    """A running server, where its data is, and what each of the `USERS` sends to it to be let in."""

    url: str
    data_dir: Path
    headers: Mapping[str, Mapping[str, str]]

    def write_identities(self, path: Path, *users: str) -> Path:
        """Write users down for schemathesis, in the form of Web Fuzzing Commons."""
        entries = [
            {"name": user, "fixedHeaders": [{"name": key, "value": value} for key, value in self.headers[user].items()]}
            for user in users
        ]
        path.write_text(json.dumps({"auth": entries}))
        return path


@pytest.fixture(scope="session")
def door(servers: EmbeddedServers, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A server with Firebase and with a key, without the limits that end a long series of uploads."""
    assert servers.database_url is not None
    assert servers.redis_url is not None
    with GoogleKeys() as google_keys:
        environment = {
            "DB_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "FLYWAY_ENABLED": "false",
            "FIREBASE_PROJECT_ID": PROJECT_ID,
            "FIREBASE_CERTIFICATES_URL": google_keys.url,
            "SCRYON_API_KEY": API_KEY,
            "MAX_FILE_SIZE": f"{MAX_FILE_BYTES}",
            "SCRYON_DEBUG_ENDPOINTS_ENABLED": "true",
            "SCRYON_UPLOAD_GUARD_ENABLED": "false",
            # Without anybody who could do it, so that requests which are right are told that.
            "SCRYON_VOICE_EMBEDDING_ENABLED": "true",
            "SCRYON_VOICE_SAMPLE_MAX_SIZE_MB": f"{MAX_SAMPLE_MIB}",
            "SCRYON_WEBHOOK_SECRET": SECRET,
        }
        tokens = {user: google_keys.sign(uid=user, email=f"{user}@example.org") for user in USERS}
        headers = {
            user: {"Authorization": f"Bearer {token}", "X-Scryon-Api-Key": API_KEY} for user, token in tokens.items()
        }
        with run_server(tmp_path_factory.mktemp("server"), environment) as server:
            yield Door(server.url, server.data_dir, headers)


@pytest.fixture
async def stores(door: Door, resources: Resources) -> AsyncIterator[Resources]:
    """The stores of the server, with empty tables."""
    async with open_resources(resources.settings.model_copy(update={"data_dir": door.data_dir})) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Belongings:
    """Ids of what Meera has: a completed call with its documents, an action item of it, and a contact; and hers."""

    owner: UUID
    call: UUID
    action_item: UUID
    contact: UUID


@pytest.fixture
async def belongings(door: Door, stores: Resources) -> Belongings:
    """Something of everything, for Meera, who is new."""
    factory = Factory(stores)
    owner = await factory.user(MEERA)
    call = await finished_call(factory, owner, raw=None)
    item = await factory.action_item(call, source=ActionSource.MANUAL)
    return Belongings(owner, call.id, item.id, (await factory.contact(owner)).id)

"""Meera Nair's account, signed in through Firebase, and everything that the examples show of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from app.resources import Resources
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import ABSENT, PROJECT_ID
from tests.engines import ScriptedAnalyst
from tests.factories import Factory
from tests.golden.answers import REQUEST_ID
from tests.golden.world import MEERA_EMAIL, MEERA_UID, at, make_meera, make_world
from tests.rest.serving import rest_client


@pytest.fixture
async def meera(factory: Factory) -> UUID:
    """Her account, without anything else."""
    return await make_meera(factory)


@pytest.fixture
def analyst() -> ScriptedAnalyst:
    """Who analyses calls again."""
    return ScriptedAnalyst()


@pytest.fixture
async def rest(
    resources: Resources, google_keys: GoogleKeys, analyst: ScriptedAnalyst, meera: UUID
) -> AsyncIterator[httpx.AsyncClient]:
    """Her client, on a server where users sign in; every request has the same id."""
    token = google_keys.sign(
        uid=MEERA_UID,
        email=MEERA_EMAIL,
        picture=ABSENT,
        auth_time=int(at("2026-02-09T06:58:10Z").timestamp()),
    )
    values = {"firebase_project_id": PROJECT_ID, "firebase_certificates_url": google_keys.url}
    async with rest_client(replace(resources, analyst=analyst), **values) as client:
        client.headers.update({"Authorization": f"Bearer {token}", "X-Request-Id": REQUEST_ID})
        yield client


@pytest.fixture
async def world(factory: Factory, meera: UUID) -> None:
    """Everything that is hers."""
    await make_world(factory)

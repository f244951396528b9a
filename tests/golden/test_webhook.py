"""What the transcription provider is told: rest.md, section 3.13."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.resources import Resources
from tests.callbacks import CALLBACK_MODE, PATH, callback_query
from tests.golden.answers import REQUEST_ID, assert_answer, error_body, example, send_example
from tests.golden.world import NOBODYS
from tests.rest.serving import rest_client


@pytest.fixture
async def provider(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client without any account."""
    async with rest_client(resources, **CALLBACK_MODE, firebase_project_id="demo", api_keys=("key",)) as client:
        client.headers["X-Request-Id"] = REQUEST_ID
        yield client


async def test_transcript(provider: httpx.AsyncClient) -> None:
    response = await send_example(provider, "lemonfoxWebhook", "POST", f"{PATH}?{callback_query(NOBODYS)}")

    assert_answer(response, 200, example("lemonfoxWebhook", "received"))


async def test_signature_that_is_not_ours(provider: httpx.AsyncClient) -> None:
    response = await send_example(provider, "lemonfoxWebhook", "POST", f"{PATH}?{callback_query(NOBODYS)[:-1]}")

    expected = error_body("webhook_signature_invalid", "The signature is not valid", {})
    assert_answer(response, 401, expected, **{"www-authenticate": "Bearer"})

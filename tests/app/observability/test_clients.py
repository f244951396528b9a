"""Requests to providers in metrics and log: each once, without query, whatever becomes of it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from app.auth.firebase import open_firebase
from app.observability.metrics import Metrics
from app.providers.openai.chat import ChatModel
from app.providers.sending import ProviderFault, open_http_client, send
from app.settings import load_settings
from tests.app.providers.openai.models import chat_settings
from tests.app.providers.openai.test_chat import MESSAGES, SHAPE
from tests.counting import counted
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.http_double import Answer, Failure, HttpDouble, Request, json_answer
from tests.doubles.id_tokens import PROJECT_ID
from tests.doubles.openai import OpenAi

HOST = "127.0.0.1"


class Service(HttpDouble):
    """Says hello."""

    def answer(self, request: Request) -> Answer:
        return json_answer({"hello": "there"})


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as double:
        yield double


async def ask(metrics: Metrics, url: str, seconds: float = 10) -> list[dict[str, Any]]:
    """Send a request, whatever becomes of it; returns the lines of the log."""
    async with open_http_client(metrics) as client:
        with capture_logs() as lines, suppress(ProviderFault):
            await send(client, client.build_request("POST", url, content=b"zebra"), timeout_seconds=seconds)
    return [dict(line) for line in lines]


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    assert isinstance(line.pop("durationMs"), int)
    return line


@pytest.mark.parametrize(
    ("failure", "status"), [(None, 200), (Failure.UNAVAILABLE, 503), (Failure.CLOSED_CONNECTION, None)]
)
async def test_request_is_counted_and_logged_without_its_query(
    service: Service, failure: Failure | None, status: int | None
) -> None:
    metrics = Metrics({HOST})
    service.failure = failure

    [line] = await ask(metrics, f"http://{service.host}/v1/jobs?sig=zebracrossing")

    tag = "none" if status is None else status
    assert counted(metrics) == {f'http_client_requests_seconds_count{{host="{HOST}",status="{tag}"}}': 1.0}
    assert without_time(line) == {
        "event": "HTTP_CLIENT",
        "log_level": "info",
        "host": HOST,
        "path": "/v1/jobs",
        "status": status,
    }


async def test_request_that_is_given_up_is_counted(service: Service) -> None:
    metrics = Metrics({HOST})
    service.hold()

    await ask(metrics, f"http://{service.host}/", seconds=0.05)

    assert counted(metrics) == {f'http_client_requests_seconds_count{{host="{HOST}",status="none"}}': 1.0}


async def test_address_that_a_provider_has_given_us_is_not_told(service: Service) -> None:
    metrics = Metrics({"api.pyannote.ai"})

    [line] = await ask(metrics, f"http://{service.host}/put/zebracrossing?sig=1")

    assert counted(metrics) == {'http_client_requests_seconds_count{host="other",status="200"}': 1.0}
    assert (line["host"], line["path"]) == (HOST, None)


async def test_client_that_nobody_watches_is_silent(service: Service) -> None:
    async with open_http_client() as client:
        with capture_logs() as lines:
            assert (await client.get(f"http://{service.host}/")).status_code == 200

    assert lines == []


async def test_model_is_watched_like_any_provider() -> None:
    metrics = Metrics({HOST})
    with OpenAi() as double, capture_logs() as lines:
        model = ChatModel(chat_settings(double), metrics)
        await model.complete(MESSAGES, SHAPE, max_tokens=100)
        await model.close()

    assert counted(metrics) == {f'http_client_requests_seconds_count{{host="{HOST}",status="200"}}': 1.0}
    [line] = [dict(line) for line in lines if line["event"] == "HTTP_CLIENT"]
    assert (line["path"], line["status"]) == (f"{urlsplit(double.base_url).path}/chat/completions", 200)


async def test_keys_of_google_are_asked_for_by_a_watched_client(google_keys: GoogleKeys) -> None:
    metrics = Metrics({HOST})
    settings = load_settings(firebase_project_id=PROJECT_ID, firebase_certificates_url=google_keys.url)

    async with open_firebase(settings, metrics) as firebase:
        assert firebase is not None
        await firebase.identify(google_keys.sign())

    assert counted(metrics) == {f'http_client_requests_seconds_count{{host="{HOST}",status="200"}}': 1.0}

"""pyannoteAI as a double, and a client for it that does not really wait."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from app.providers.pyannote.client import PyannoteClient, PyannoteSettings
from app.providers.pyannote.diarizer import PyannoteDiarizer
from app.providers.sending import open_http_client
from tests.app.providers.pyannote.asking import Waits, make_diarizer
from tests.doubles.pyannote import KEY, Pyannote

ClientMaker = Callable[..., PyannoteClient]


@pytest.fixture
def pyannote() -> Iterator[Pyannote]:
    with Pyannote() as double:
        yield double


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """One for many tests, since each reads all certificates of the machine."""
    async with open_http_client() as client:
        yield client


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def make_client(pyannote: Pyannote, http: httpx.AsyncClient, waits: Waits) -> ClientMaker:
    """Makes clients for the double; takes fields of their settings."""

    def make(
        *, base_url: str = pyannote.url, timeout_seconds: float = 20, request_seconds: float = 10, max_retries: int = 2
    ) -> PyannoteClient:
        settings = PyannoteSettings(
            base_url=base_url,
            api_key=KEY,
            timeout_seconds=timeout_seconds,
            poll_interval_seconds=5,
            max_retries=max_retries,
            request_seconds=request_seconds,
        )
        return PyannoteClient(http, settings, sleep=waits)

    return make


@pytest.fixture
def client(make_client: ClientMaker) -> PyannoteClient:
    return make_client()


@pytest.fixture
def diarizer(client: PyannoteClient) -> PyannoteDiarizer:
    return make_diarizer(client)

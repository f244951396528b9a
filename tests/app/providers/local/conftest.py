"""One pool and the prepared recordings, made once for all tests of the engines."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.audio.preprocessing import prepare
from app.audio.recording import PreparedAudio
from app.audio.settings import AudioSettings
from app.providers.local.cpu_pool import CpuPool
from tests.app.audio.recordings import read, stream

Prepare = Callable[[str], Awaitable[PreparedAudio]]


@pytest.fixture(scope="session")
async def pool() -> AsyncIterator[CpuPool]:
    shared = CpuPool()
    yield shared
    await shared.close()


@pytest.fixture(scope="session")
def prepared() -> Prepare:
    """Prepare a recording of tests/audio by its name, once."""
    made: dict[str, PreparedAudio] = {}

    async def get(name: str) -> PreparedAudio:
        if name not in made:
            made[name] = await prepare(stream(read(name)), AudioSettings())
        return made[name]

    return get

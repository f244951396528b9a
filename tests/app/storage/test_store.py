"""What the object store promises, over a local folder and over a bucket alike.

Source: architecture.md, "Storage"; pipeline.md, section 3.1; providers.md, section 5.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.settings import load_settings
from app.storage.store import CHUNK_BYTES, READ_CHUNK_BYTES, ObjectMissingError, ObjectStore, open_store
from tests.doubles.s3 import Bucket

MIB = 1024**2
PREFIX = "users/u/calls/c/"
AUDIO = PREFIX + "temp/audio.wav"


@dataclass(frozen=True)
class Place:
    """A store, and what really lies there, unfinished things included."""

    store: ObjectStore
    list_everything: Callable[[], list[str]]


@pytest.fixture(params=["local", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "s3":
        bucket: Bucket = request.getfixturevalue("bucket")
        store = open_store(load_settings(**bucket.settings()))
        return Place(store, lambda: bucket.list_keys() + bucket.list_uploads())
    store = open_store(load_settings(object_storage_local_path=tmp_path))
    return Place(store, lambda: sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()))


@pytest.fixture
def store(place: Place) -> ObjectStore:
    return place.store


async def pieces(count: int, *, then_fail: bool = False) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number % 256]) * MIB
    if then_fail:
        raise ConnectionResetError("the client went away")


async def test_object_is_read_back_as_it_was_put(store: ObjectStore) -> None:
    await store.put(PREFIX + "x.json", b'{"a": 1}')

    assert await store.get(PREFIX + "x.json") == b'{"a": 1}'
    assert await store.list_keys(PREFIX) == [PREFIX + "x.json"]


async def test_of_several_who_put_first_at_once_one_wins(place: Place) -> None:
    contents = [bytes([number]) * MIB for number in range(8)]

    there = await asyncio.gather(*(place.store.put_first(PREFIX + "x.json", content) for content in contents))

    assert len(set(there)) == 1
    assert there[0] in contents
    assert await place.store.get(PREFIX + "x.json") == there[0]
    assert place.list_everything() == [PREFIX + "x.json"]


async def test_put_first_leaves_an_object_alone(store: ObjectStore) -> None:
    await store.put(PREFIX + "x.json", b"first")

    assert await store.put_first(PREFIX + "x.json", b"second") == b"first"
    assert await store.get(PREFIX + "x.json") == b"first"


async def test_second_put_replaces_the_first(store: ObjectStore) -> None:
    await store.put(PREFIX + "x.json", b"a long first version")
    await store.put(PREFIX + "x.json", b"second")

    assert await store.get(PREFIX + "x.json") == b"second"
    assert await store.list_keys(PREFIX) == [PREFIX + "x.json"]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 1], ids=["empty", "byte", "part", "three parts"])
async def test_stream_is_stored_whole(place: Place, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, size, 700_001):
            yield content[start : start + 700_001]

    await place.store.put_stream(AUDIO, stream())

    assert await place.store.get(AUDIO) == content
    assert place.list_everything() == [AUDIO]


@pytest.mark.parametrize("count", [0, 3, 12], ids=["at once", "in the first part", "in a later part"])
async def test_stream_that_breaks_stores_nothing_and_raises_its_own_error(place: Place, count: int) -> None:
    with pytest.raises(ConnectionResetError, match="the client went away"):
        await place.store.put_stream(AUDIO, pieces(count, then_fail=True))

    assert place.list_everything() == []


async def test_stream_that_breaks_leaves_what_was_there(place: Place) -> None:
    await place.store.put(AUDIO, b"an earlier recording")

    with pytest.raises(ConnectionResetError):
        await place.store.put_stream(AUDIO, pieces(12, then_fail=True))

    assert place.list_everything() == [AUDIO]
    assert await place.store.get(AUDIO) == b"an earlier recording"


@pytest.mark.parametrize("count", [0, 3, 12], ids=["at once", "in the first part", "in a later part"])
async def test_cancelled_put_stores_nothing(place: Place, count: int) -> None:
    is_waiting = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        async for piece in pieces(count):
            yield piece
        is_waiting.set()
        await asyncio.Event().wait()

    put = asyncio.create_task(place.store.put_stream(AUDIO, stalling()))
    await is_waiting.wait()
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put

    assert place.list_everything() == []


PUTS: dict[str, Callable[[ObjectStore, bytes], Awaitable[object]]] = {
    "put": lambda store, content: store.put(AUDIO, content),
    "put_first": lambda store, content: store.put_first(AUDIO, content),
}


@pytest.mark.parametrize("put", PUTS.values(), ids=PUTS)
async def test_cancelled_put_that_has_begun_adds_nothing_later(
    place: Place, put: Callable[[ObjectStore, bytes], Awaitable[object]]
) -> None:
    content = bytes(8 * MIB)

    async def store() -> None:
        await put(place.store, content)

    putting = asyncio.create_task(store())
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting

    # It was too late to stop it, and whoever deletes now deletes it all.
    assert await place.store.get(AUDIO) == content
    assert place.list_everything() == [AUDIO]


async def test_object_is_read_in_pieces(store: ObjectStore) -> None:
    await store.put_stream(AUDIO, pieces(12))

    chunks = [chunk async for chunk in store.iter_chunks(AUDIO)]

    assert b"".join(chunks) == b"".join([piece async for piece in pieces(12)])
    assert max(map(len, chunks)) <= 3 * READ_CHUNK_BYTES


async def test_missing_object_is_told_from_a_broken_store(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissingError):
        await store.get("users/u/calls/nobody")
    with pytest.raises(ObjectMissingError):
        _ = [chunk async for chunk in store.iter_chunks("users/u/calls/nobody")]


async def test_deleted_object_is_gone(store: ObjectStore) -> None:
    await store.put(PREFIX + "x.json", b"{}")

    await store.delete(PREFIX + "x.json")

    assert await store.list_keys("users/") == []


async def test_deleting_what_is_missing_is_fine(store: ObjectStore) -> None:
    await store.delete("users/u/calls/nobody")
    await store.delete_prefix("users/u/calls/nobody/")

    assert await store.list_keys("users/") == []


async def test_prefix_does_not_catch_its_siblings(place: Place) -> None:
    siblings = ["users/u/calls/c.json", "users/u/calls/c2/x.json"]
    for key in (AUDIO, PREFIX + "x.json", *siblings):
        await place.store.put(key, b"{}")

    assert sorted(await place.store.list_keys(PREFIX)) == [AUDIO, PREFIX + "x.json"]
    await place.store.delete_prefix(PREFIX)

    assert place.list_everything() == siblings


async def test_prefix_of_many_keys_is_listed_and_deleted_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the server of the tests, whose pages are as long as those of AWS otherwise: 1000.
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    keys = [f"{PREFIX}{number:02}.json" for number in range(25)]
    for key in keys:
        await place.store.put(key, b"{}")

    assert sorted(await place.store.list_keys(PREFIX)) == keys
    await place.store.delete_prefix(PREFIX)

    assert place.list_everything() == []

"""The object store over a bucket: its server's faults, and how it is addressed. Source: providers.md, section 5."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.errors import StorageUnavailableError
from app.settings import load_settings
from app.storage.s3 import S3Patience, bucket_endpoint
from app.storage.store import CHUNK_BYTES, READ_CHUNK_BYTES, ObjectMissingError, ObjectStore, open_store
from tests.doubles.s3 import ACCESS_KEY, SECRET_KEY, Bucket

MIB = 1024**2
PREFIX = "users/u/calls/c/"
KEY = PREFIX + "x.json"
IMPATIENT = S3Patience(connect_seconds=1, silence_seconds=0.2, request_seconds=1, retries=1, retry_seconds=0.1)

Break = Callable[[Bucket], dict[str, Any]]
Use = Callable[[ObjectStore], Awaitable[object]]


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * MIB


async def read_in_pieces(store: ObjectStore) -> None:
    _ = [chunk async for chunk in store.iter_chunks(KEY)]


USES: dict[str, Use] = {
    "put": lambda store: store.put(KEY, b"{}"),
    "put_stream": lambda store: store.put_stream(KEY, pieces(1)),
    "get": lambda store: store.get(KEY),
    "iter_chunks": read_in_pieces,
    "delete": lambda store: store.delete(KEY),
    "list_keys": lambda store: store.list_keys(PREFIX),
    "delete_prefix": lambda store: store.delete_prefix(PREFIX),
}


def fail(bucket: Bucket, status: int) -> dict[str, Any]:
    bucket.server.failure = status
    return bucket.settings()


def demand_region(bucket: Bucket) -> dict[str, Any]:
    bucket.server.region = "eu-central-1"
    return bucket.settings(object_storage_region="auto")


def hang(bucket: Bucket) -> dict[str, Any]:
    bucket.server.hold()
    return bucket.settings()


def nobody_listens(bucket: Bucket) -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return bucket.settings(object_storage_endpoint=f"http://127.0.0.1:{free.getsockname()[1]}")


FAULTS: dict[str, Break] = {
    "unknown key": lambda bucket: bucket.settings(object_storage_access_key="AKIASOMEBODY"),
    "wrong secret": lambda bucket: bucket.settings(object_storage_secret_key="wr0ng/secret"),
    "missing bucket": lambda bucket: bucket.settings(object_storage_bucket="nobody"),
    "wrong region": demand_region,
    "outage": lambda bucket: fail(bucket, 503),
    "redirect": lambda bucket: fail(bucket, 301),
    "silence": hang,
    "nobody there": nobody_listens,
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize("break_", FAULTS.values(), ids=FAULTS.keys())
async def test_faulty_server_is_unavailable_and_nothing_is_told_of_it(bucket: Bucket, break_: Break, use: Use) -> None:
    store = open_store(load_settings(**break_(bucket)), IMPATIENT)

    with pytest.raises(StorageUnavailableError) as failed:
        await use(store)

    told = traceback.format_exception(failed.value)
    secrets = (ACCESS_KEY, SECRET_KEY, "AKIASOMEBODY", "wr0ng/secret", "127.0.0.1", bucket.name, PREFIX)
    assert [secret for secret in secrets if secret in "".join(told)] == []


async def test_refusal_is_not_repeated_and_an_outage_is(bucket: Bucket) -> None:
    store = open_store(load_settings(**bucket.settings()))

    bucket.server.upcoming.extend([503, 429, 500])
    await store.put(KEY, b"{}")
    bucket.server.upcoming.append(403)
    with pytest.raises(StorageUnavailableError):
        await store.put(KEY, b"again")

    assert bucket.server.requests == [f"PUT /{bucket.name}/{KEY}"] * 5
    assert await store.get(KEY) == b"{}"


async def test_outage_in_the_middle_of_a_stream_is_survived(bucket: Bucket) -> None:
    store = open_store(load_settings(**bucket.settings()))

    async def stream() -> AsyncIterator[bytes]:
        async for piece in pieces(6):
            yield piece
        bucket.server.upcoming.append(503)
        async for piece in pieces(6):
            yield piece

    await store.put_stream(KEY, stream())

    assert len(await store.get(KEY)) == 12 * MIB
    assert bucket.list_uploads() == []


async def test_server_that_fails_in_the_middle_of_a_stream_keeps_no_parts(bucket: Bucket) -> None:
    store = open_store(load_settings(**bucket.settings()), IMPATIENT)

    async def stream() -> AsyncIterator[bytes]:
        async for piece in pieces(6):
            yield piece
        # The part, once and again; then the end of the upload is let through.
        bucket.server.upcoming.extend([503, 503])
        async for piece in pieces(12):
            yield piece

    with pytest.raises(StorageUnavailableError):
        await store.put_stream(KEY, stream())

    assert (bucket.list_keys(), bucket.list_uploads()) == ([], [])


async def test_streamed_put_never_holds_more_than_a_few_parts(bucket: Bucket) -> None:
    store = open_store(load_settings(**bucket.settings()))
    held: list[int] = []

    async def stream() -> AsyncIterator[bytes]:
        for number in range(32):
            held.append(number * MIB - bucket.server.received_bytes)
            yield b"x" * MIB

    await store.put_stream(KEY, stream())

    assert max(held) <= 3 * CHUNK_BYTES


async def test_reading_goes_no_faster_than_the_reader(bucket: Bucket) -> None:
    store = open_store(load_settings(**bucket.settings()))
    await store.put_stream(KEY, pieces(48))

    chunks = store.iter_chunks(KEY)
    first = await anext(chunks)
    await asyncio.gather(*(store.list_keys(PREFIX) for _ in range(5)))

    # Beyond our buffers lie those of the two ends of the connection, several MiB each.
    assert bucket.server.sent_bytes < 24 * MIB
    assert len(first) + sum([len(chunk) async for chunk in chunks]) == 48 * MIB
    assert len(first) < 3 * READ_CHUNK_BYTES


async def test_missing_bucket_is_no_missing_object(bucket: Bucket) -> None:
    store = open_store(load_settings(**bucket.settings()))
    nowhere = open_store(load_settings(**bucket.settings(object_storage_bucket="nobody")))

    with pytest.raises(ObjectMissingError):
        await store.get(KEY)
    with pytest.raises(StorageUnavailableError):
        await nowhere.get(KEY)


async def test_leftovers_are_left_to_the_rule_of_the_bucket(bucket: Bucket) -> None:
    bucket.server.client.create_multipart_upload(Bucket=bucket.name, Key=KEY)
    store = open_store(load_settings(**bucket.settings()))
    bucket.server.requests.clear()

    assert await store.delete_leftovers(timedelta(0)) == 0

    assert bucket.server.requests == []
    assert bucket.list_uploads() == [KEY]


@pytest.mark.parametrize("region", ["auto", "eu-central-1"])
async def test_region_of_the_settings_is_signed_for(bucket: Bucket, region: str) -> None:
    bucket.server.region = region
    store = open_store(load_settings(**bucket.settings(object_storage_region=region)))

    await store.put(KEY, b"{}")

    bucket.server.reset()
    assert bucket.list_keys() == [KEY]


async def test_key_of_the_settings_is_used_without_anything_of_the_environment(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody's")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    store = open_store(load_settings(**bucket.settings()), IMPATIENT)

    await store.put(KEY, b"{}")

    assert bucket.list_keys() == [KEY]


async def test_key_comes_from_the_environment_when_the_settings_have_none(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    values = bucket.settings(object_storage_access_key=None, object_storage_secret_key=None)
    store = open_store(load_settings(**values), IMPATIENT)

    await store.put(KEY, b"{}")

    assert bucket.list_keys() == [KEY]


@pytest.mark.parametrize(
    ("endpoint", "is_path_style", "expected"),
    [
        ("http://minio:9000", True, "http://minio:9000"),
        ("https://s3.eu-west-3.amazonaws.com", False, "https://calls.s3.eu-west-3.amazonaws.com"),
        ("https://calls.s3.eu-west-3.amazonaws.com", False, "https://calls.s3.eu-west-3.amazonaws.com"),
        ("http://s3.test:9000/storage/v1", False, "http://calls.s3.test:9000/storage/v1"),
        (None, False, None),
    ],
)
def test_bucket_is_in_the_host_name_without_path_style(
    endpoint: str | None, is_path_style: bool, expected: str | None
) -> None:
    settings = load_settings(
        object_storage_provider="s3",
        object_storage_bucket="calls",
        object_storage_region="eu-west-3",
        object_storage_endpoint=endpoint,
        object_storage_path_style_access=is_path_style,
    )

    assert bucket_endpoint(settings) == expected


async def test_plain_http_is_for_http_endpoints_only(bucket: Bucket) -> None:
    """An https address never falls back: the server of the test speaks no TLS."""
    endpoint = bucket.server.endpoint.replace("http:", "https:")
    store = open_store(load_settings(**bucket.settings(object_storage_endpoint=endpoint)), IMPATIENT)

    with pytest.raises(StorageUnavailableError):
        await store.put(KEY, b"{}")

    assert bucket.server.requests == []

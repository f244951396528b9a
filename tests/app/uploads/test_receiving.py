import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect

from app.audio.sniffing import HEAD_BYTES
from app.calls.models import CallRecord
from app.db import Database
from app.errors import (
    PayloadTooLargeError,
    ScryonError,
    StorageUnavailableError,
    UnsupportedMediaTypeError,
    ValidationFailedError,
)
from app.resources import Resources
from app.uploads import keeping
from app.uploads.body import RequestBody
from app.uploads.forms import CallForm, receive_call
from tests.forms import CONTENT_TYPE, WAV, Part, encode, field, file

MAX_FILE, MAX_REQUEST = 100_000, 150_000


@pytest.fixture
def small(resources: Resources) -> Resources:
    """The connections of a process with small limits."""
    limits = {"max_file_size": MAX_FILE, "max_request_size": MAX_REQUEST}
    return replace(resources, settings=resources.settings.model_copy(update=limits))


def _body(parts: Iterable[Part] | bytes, *, chunk: int = 7000, announced: int | None = None) -> RequestBody:
    content = parts if isinstance(parts, bytes) else encode(parts)

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(content), chunk):
            yield content[start : start + chunk]

    return RequestBody(stream(), CONTENT_TYPE, announced)


async def _receive(resources: Resources, user: UUID, body: RequestBody) -> CallForm:
    async with receive_call(resources, user, body) as form:
        return form


async def _refusal(resources: Resources, user: UUID, body: RequestBody) -> ScryonError:
    with pytest.raises(ScryonError) as caught:
        await _receive(resources, user, body)
    assert _leftovers(resources) == []
    return caught.value


def _fields(error: ScryonError) -> list[str]:
    assert isinstance(error, ValidationFailedError)
    return [field["field"] for field in error.details["fields"]]


def _leftovers(resources: Resources) -> list[Path]:
    root = resources.settings.storage_path
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [2020, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, MAX_FILE])
async def test_recording_is_stored_while_the_block_runs(small: Resources, alice: UUID, size: int) -> None:
    content = WAV + bytes(index % 251 for index in range(size - len(WAV)))
    body = _body([field("title", "One"), file(content, file_name="../a/call.wav")])

    async with receive_call(small, alice, body) as form:
        stored = await small.storage.get(form.recording.storage_key)

    recording = form.recording
    assert stored == content
    assert recording.storage_key == f"users/{alice}/calls/{recording.call_id}/temp/audio.wav"
    assert (recording.content_type, recording.byte_size, recording.file_name) == ("audio/wav", size, "call.wav")
    assert recording.sha256 == hashlib.sha256(content).hexdigest()
    assert form.metadata.title == "One"


async def test_nothing_stays_when_no_call_came_of_it(small: Resources, alice: UUID) -> None:
    await _receive(small, alice, _body([file(WAV)]))

    assert _leftovers(small) == []


async def test_recording_of_a_committed_call_stays(small: Resources, alice: UUID) -> None:
    async with receive_call(small, alice, _body([file(WAV)])) as form, small.database.transaction() as session:
        session.add(CallRecord(id=form.recording.call_id, user_id=alice))

    assert await small.storage.get(form.recording.storage_key) == WAV


async def test_error_inside_the_block_removes_the_recording(small: Resources, alice: UUID) -> None:
    with pytest.raises(RuntimeError):
        async with receive_call(small, alice, _body([file(WAV)])):
            raise RuntimeError("before the commit")

    assert _leftovers(small) == []


async def test_file_over_its_limit(small: Resources, alice: UUID) -> None:
    error = await _refusal(small, alice, _body([file(WAV + bytes(MAX_FILE + 1 - len(WAV)))]))

    assert isinstance(error, PayloadTooLargeError)
    assert error.details == {"maxBytes": MAX_FILE}


async def test_request_over_its_limit(small: Resources, alice: UUID) -> None:
    error = await _refusal(small, alice, _body([file(WAV), field("more", "x" * 90_000), field("most", "y" * 90_000)]))

    assert error.details == {"maxBytes": MAX_REQUEST}


async def test_announced_size_is_refused_unread(small: Resources, alice: UUID) -> None:
    async def stream() -> AsyncIterator[bytes]:
        raise AssertionError("nobody reads")
        yield b""

    error = await _refusal(small, alice, RequestBody(stream(), CONTENT_TYPE, MAX_REQUEST + 1))

    assert error.details == {"maxBytes": MAX_REQUEST}


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ([field("metadata", "{"), file(b"%PDF" + bytes(MAX_FILE))], PayloadTooLargeError),
        ([file(b"%PDF" + bytes(MAX_FILE)), field("metadata", "{")], PayloadTooLargeError),
        ([field("metadata", "{"), file(WAV + bytes(MAX_FILE))], PayloadTooLargeError),
        ([file(WAV), file(bytes(MAX_FILE + 1))], PayloadTooLargeError),
        ([file(b"%PDF"), field("a", "x" * 70_000), field("b", "x" * 90_000)], PayloadTooLargeError),
        ([field("metadata", "{"), file(b"%PDF")], UnsupportedMediaTypeError),
        ([file(b"%PDF"), field("direction", "UP")], UnsupportedMediaTypeError),
        ([file(b"%PDF"), field("x", "1"), field("x", "2")], UnsupportedMediaTypeError),
        ([field("metadata", "{"), file(WAV)], ValidationFailedError),
    ],
)
async def test_weightiest_fault_wins(
    small: Resources, alice: UUID, parts: list[Part], refusal: type[ScryonError]
) -> None:
    error = await _refusal(small, alice, _body(parts))

    assert type(error) is refusal


async def test_wrong_type_in_a_broken_body_is_still_a_wrong_type(small: Resources, alice: UUID) -> None:
    error = await _refusal(small, alice, _body(encode([file(b"%PDF"), field("a", "b")], end=False)))

    assert isinstance(error, UnsupportedMediaTypeError)


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([], ["file"]),
        ([field("title", "x")], ["file"]),
        ([file(b"")], ["file"]),
        ([file(WAV), file(WAV)], ["file"]),
        ([file(WAV), field("other", "1"), field("other", "2")], ["other"]),
        ([file(WAV), field("other", "x" * 65_537)], ["other"]),
        ([file(WAV, file_name="a\x00b.wav")], ["file"]),
        ([field("metadata", "[]"), field("direction", "UP")], ["metadata", "file"]),
        ([field("metadata", "null"), file(WAV)], ["metadata"]),
        ([field("metadata", '{"title": NaN}'), file(WAV)], ["metadata"]),
        ([field("metadata", '{"title": "a", "title": "b"}'), file(WAV)], ["metadata"]),
        ([field("metadata", "x" * 65_537), field("direction", "UP"), file(WAV)], ["metadata"]),
        ([field("title", b"\xff"), file(WAV)], ["title"]),
        ([field("metadata", '{"direction": "UP", "durationSeconds": "3"}')],
         ["metadata.direction", "metadata.durationSeconds", "file"]),
        ([field("metadata", '{"title": " "}'), field("title", "x" * 301), file(WAV)], ["title"]),
    ],
)  # fmt: skip
async def test_faults_are_named(small: Resources, alice: UUID, parts: list[Part], fields: list[str]) -> None:
    error = await _refusal(small, alice, _body(parts))

    assert _fields(error) == fields


async def test_twenty_parts_are_enough(small: Resources, alice: UUID) -> None:
    texts = [field(f"part{number}", "x") for number in range(19)]

    form = await _receive(small, alice, _body([*texts, file(WAV)]))
    error = await _refusal(small, alice, _body([*texts, field("last", "x"), file(WAV)]))

    assert form.recording.byte_size == len(WAV)
    assert "body" in _fields(error)


async def test_text_of_64_kib_passes(small: Resources, alice: UUID) -> None:
    form = await _receive(small, alice, _body([file(WAV), field("unknown", "x" * 65_536)]))

    assert form.metadata.title is None


@pytest.mark.parametrize("body", [b"", b"{}", encode([file(WAV)])])
@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded"])
async def test_other_bodies_are_refused_on_the_file(
    small: Resources, alice: UUID, body: bytes, content_type: str | None
) -> None:
    error = await _refusal(small, alice, replace(_body(body), content_type=content_type))

    assert _fields(error) == ["file"]


@pytest.mark.parametrize("cut", [100, 1000, 60_000])
async def test_body_that_ends_early_is_broken(small: Resources, alice: UUID, cut: int) -> None:
    error = await _refusal(small, alice, _body(encode([file(WAV + bytes(90_000))])[:cut]))

    assert _fields(error) == ["body"]


async def test_client_that_goes_away_leaves_nothing(small: Resources, alice: UUID) -> None:
    content = encode([file(WAV + bytes(90_000))])

    async def stream() -> AsyncIterator[bytes]:
        yield content[:60_000]
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await _receive(small, alice, RequestBody(stream(), CONTENT_TYPE, None))

    assert _leftovers(small) == []


async def test_cancelled_request_leaves_nothing(small: Resources, alice: UUID) -> None:
    content, is_waiting = encode([file(WAV + bytes(90_000))]), asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield content[:60_000]
        is_waiting.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(_receive(small, alice, RequestBody(stream(), CONTENT_TYPE, None)))
    await is_waiting.wait()
    request.cancel()

    with pytest.raises(asyncio.CancelledError):
        await request
    assert _leftovers(small) == []


async def test_store_that_fails_is_an_outage(small: Resources, alice: UUID) -> None:
    # A file stands where the folder of users should be made.
    (small.settings.storage_path / "users").write_bytes(b"")

    with pytest.raises(StorageUnavailableError):
        await _receive(small, alice, _body([file(WAV)]))


class RestartingDatabase(Database):
    """Answers from the third question on."""

    questions = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        self.questions += 1
        if self.questions < 3:
            raise ConnectionRefusedError
        async with super().read() as session:
            yield session


async def test_upload_that_ends_while_the_database_restarts_leaves_nothing(
    small: Resources, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LOOK_AGAIN_SECONDS", 0)
    url = small.database.engine.url.render_as_string(hide_password=False)
    restarting = RestartingDatabase(url, pool_size=1)

    await _receive(replace(small, database=restarting), alice, _body([file(WAV)]))

    assert (restarting.questions, _leftovers(small)) == (3, [])
    await restarting.close()

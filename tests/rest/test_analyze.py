"""`POST /api/calls/analyze`. Source: rest.md, 1.10 and 2.2."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import ArtifactType, CallArtifact, CallRecord
from app.resources import Resources
from tests.forms import CONTENT_TYPE, WAV, Part, encode, field, file

ACCEPTED = ["3gp", "aac", "amr", "flac", "m4a", "mp3", "mp4", "ogg", "opus", "wav", "webm", "wma"]

ENVELOPE = {
    "title": "Thursday appointment",
    "contactName": "Tobias Lind",
    "contactId": "contacts:118",
    "phoneNumber": "+49 30 5550 4471",
    "organization": "Lind Woodworks",
    "direction": "OUTGOING",
    "recordedAt": "2026-02-10T08:51:12+01:00",
    "durationSeconds": 31,
}
MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)

RECORDINGS = {
    "wav": (WAV, "wav", "audio/wav"),
    "id3": (b"ID3\x04\x00" + bytes(100), "mp3", "audio/mpeg"),
    "mp3": (MP3_FRAME * 2, "mp3", "audio/mpeg"),
    "aac": (ADTS_FRAME * 2, "aac", "audio/aac"),
    "m4a": (b"\x00\x00\x00\x20ftypM4A " + bytes(100), "m4a", "audio/mp4"),
    "3gp": (b"\x00\x00\x00\x20ftyp3gp5" + bytes(100), "3gp", "audio/3gpp"),
    "amr": (b"#!AMR\n" + bytes(100), "amr", "audio/amr"),
    "amr-wb": (b"#!AMR-WB\n" + bytes(100), "amr", "audio/amr"),
    "ogg": (b"OggS" + bytes(100), "ogg", "audio/ogg"),
    "flac": (b"fLaC" + bytes(100), "flac", "audio/flac"),
    "webm": (bytes.fromhex("1a45dfa3") + bytes(100), "webm", "audio/webm"),
    "wma": (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(100), "wma", "audio/x-ms-wma"),
}
NO_RECORDINGS = {
    "text": b"This is a call, honestly.",
    "html": b"<!doctype html><html></html>",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "pdf": b"%PDF-1.7\n" + bytes(100),
    "zip": b"PK\x03\x04" + bytes(100),
    "one byte": b"R",
    "zeros": bytes(20_000),
}


async def _post(rest: httpx.AsyncClient, parts: Iterable[Part] | bytes, **headers: str) -> httpx.Response:
    content = parts if isinstance(parts, bytes) else encode(parts)
    return await rest.post("/api/calls/analyze", content=content, headers={"content-type": CONTENT_TYPE, **headers})


async def _accepted(rest: httpx.AsyncClient, resources: Resources, parts: Iterable[Part]) -> CallRecord:
    response = await _post(rest, parts)
    assert response.status_code == 202, response.text
    async with resources.database.read() as session:
        call = await session.get(CallRecord, UUID(response.json()["id"]))
    assert call is not None
    return call


async def _refused(rest: httpx.AsyncClient, resources: Resources, parts: Iterable[Part] | bytes) -> dict[str, Any]:
    response = await _post(rest, parts)
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-request-id"]
    await _assert_nothing_left(resources)
    error: dict[str, Any] = response.json()["error"]
    return {**error, "status": response.status_code}


async def _assert_nothing_left(resources: Resources) -> None:
    async with resources.database.read() as session:
        assert (await session.scalars(select(col(CallRecord.id)))).all() == []
    assert [path for path in resources.settings.storage_path.rglob("*") if path.is_file()] == []


def _fields(error: dict[str, Any]) -> list[str]:
    assert (error["status"], error["code"]) == (400, "validation_failed")
    return [problem["field"] for problem in error["details"]["fields"]]


async def test_accepted_recording_is_safe(rest: httpx.AsyncClient, resources: Resources, owner: UUID) -> None:
    response = await _post(rest, [field("metadata", orjson.dumps(ENVELOPE)), file(WAV, file_name="REC.m4a")])

    body = response.json()
    assert response.status_code == 202
    assert body == {"callId": body["id"], "id": body["id"], "status": "QUEUED"}
    assert response.headers["location"] == f"/api/calls/{body['id']}"
    async with resources.database.read() as session:
        call = await session.get(CallRecord, UUID(body["id"]))
        artifact = (await session.scalars(select(CallArtifact))).one()
    assert call is not None
    assert (call.user_id, call.status, call.byte_size, call.original_file_name) == (
        owner,
        "QUEUED",
        len(WAV),
        "REC.m4a",
    )
    assert (call.title, call.contact_name, call.contact_id) == ("Thursday appointment", "Tobias Lind", "contacts:118")
    assert (call.phone_number, call.organization) == ("+49 30 5550 4471", "Lind Woodworks")
    assert (call.direction, call.duration_seconds) == ("OUTGOING", 31)
    assert (call.recorded_at, call.recorded_at_offset_minutes) == (datetime(2026, 2, 10, 7, 51, 12, tzinfo=UTC), 60)
    assert (artifact.call_id, artifact.artifact_type) == (call.id, ArtifactType.TEMP_AUDIO)
    assert await resources.storage.get(artifact.storage_key) == WAV


@pytest.mark.parametrize("name", RECORDINGS.keys())
async def test_first_bytes_decide_about_the_format(rest: httpx.AsyncClient, resources: Resources, name: str) -> None:
    content, extension, content_type = RECORDINGS[name]

    call = await _accepted(rest, resources, [file(content, file_name="notes.txt", content_type="text/plain")])

    async with resources.database.read() as session:
        artifact = (await session.scalars(select(CallArtifact))).one()
    assert artifact.storage_key == f"users/{call.user_id}/calls/{call.id}/temp/audio.{extension}"
    assert (artifact.content_type, artifact.byte_size) == (content_type, len(content))


@pytest.mark.parametrize("content", NO_RECORDINGS.values(), ids=NO_RECORDINGS.keys())
async def test_other_files_are_refused(rest: httpx.AsyncClient, resources: Resources, content: bytes) -> None:
    error = await _refused(rest, resources, [file(content, file_name="call.mp3", content_type="audio/mpeg")])

    assert (error["status"], error["code"]) == (415, "unsupported_media_type")
    assert error["details"] == {"accepted": ACCEPTED}


@pytest.mark.parametrize(
    "metadata",
    [
        field("metadata", orjson.dumps(ENVELOPE)),
        field("metadata", orjson.dumps(ENVELOPE), content_type="application/json"),
        field("metadata", orjson.dumps(ENVELOPE), content_type="text/plain; charset=utf-8"),
        file(orjson.dumps(ENVELOPE), name="metadata", file_name="metadata.json"),
        file(orjson.dumps(ENVELOPE), name="metadata", file_name="blob", content_type="application/json"),
        field("metadata", b"\xef\xbb\xbf" + orjson.dumps(ENVELOPE)),
    ],
    ids=["field", "JSON field", "text field", "file", "JSON file", "byte order mark"],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
async def test_metadata_in_every_dress(
    rest: httpx.AsyncClient, resources: Resources, metadata: Part, is_first: bool
) -> None:
    parts = [metadata, file(WAV)] if is_first else [file(WAV), metadata]

    call = await _accepted(rest, resources, parts)

    assert (call.title, call.direction, call.duration_seconds) == ("Thursday appointment", "OUTGOING", 31)


async def test_flat_fields_alone(rest: httpx.AsyncClient, resources: Resources) -> None:
    flat = [field(name, str(value)) for name, value in ENVELOPE.items()]

    call = await _accepted(rest, resources, [*flat, field("fileName", "C:\\x\\flat.wav"), file(WAV)])

    assert (call.title, call.direction, call.duration_seconds) == ("Thursday appointment", "OUTGOING", 31)
    assert (call.original_file_name, call.recorded_at_offset_minutes) == ("flat.wav", 60)


async def test_flat_fields_beside_metadata_are_ignored(rest: httpx.AsyncClient, resources: Resources) -> None:
    flat = [field("direction", "SIDEWAYS"), field("title", "x" * 999), field("contactName", "Flat")]
    metadata = field("metadata", '{"title": "Envelope"}')

    call = await _accepted(rest, resources, [*flat, file(WAV), metadata])

    assert (call.title, call.direction, call.contact_name) == ("Envelope", "UNKNOWN", None)


@pytest.mark.parametrize("envelope", ["{}", '{"title": null}', '{"title": "  "}', " "])
async def test_flat_title_stands_in(rest: httpx.AsyncClient, resources: Resources, envelope: str) -> None:
    call = await _accepted(rest, resources, [field("metadata", envelope), field("title", "Flat"), file(WAV)])

    assert call.title == "Flat"


async def test_nothing_but_a_file(rest: httpx.AsyncClient, resources: Resources) -> None:
    before = datetime.now(UTC)

    call = await _accepted(rest, resources, [file(WAV, file_name=None)])

    assert (call.title, call.original_file_name, call.direction) == (None, None, "UNKNOWN")
    assert (call.duration_seconds, call.recorded_at_offset_minutes) == (None, None)
    assert call.recorded_at is not None
    assert before <= call.recorded_at <= before + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\\\..\\\\call.mp3", "call.mp3"),
        ("Anruf 🎧 ü.m4a", "Anruf 🎧 ü.m4a"),
        ("x" * 1000 + ".mp3", "x" * 251 + ".mp3"),
        ("🎧" * 1000, "🎧" * 255),
        ("", None),
        ("..", None),
    ],
)
async def test_names_of_files(rest: httpx.AsyncClient, resources: Resources, sent: str, kept: str | None) -> None:
    call = await _accepted(rest, resources, [file(WAV, file_name=sent)])

    assert call.original_file_name == kept


async def test_stated_file_name_beats_the_one_of_the_part(rest: httpx.AsyncClient, resources: Resources) -> None:
    call = await _accepted(
        rest, resources, [file(WAV, file_name="part.wav"), field("metadata", '{"fileName": "a/stated.wav"}')]
    )

    assert call.original_file_name == "stated.wav"


async def test_all_faults_of_the_envelope_are_listed_at_once(rest: httpx.AsyncClient, resources: Resources) -> None:
    envelope = {
        "title": "x" * 301,
        "direction": "UP",
        "recordedAt": "yesterday",
        "durationSeconds": "3",
        "contactId": 1,
    }

    error = await _refused(rest, resources, [field("metadata", orjson.dumps(envelope)), file(WAV)])

    assert sorted(_fields(error)) == [
        "metadata.contactId",
        "metadata.direction",
        "metadata.durationSeconds",
        "metadata.recordedAt",
        "metadata.title",
    ]


async def test_flat_faults_have_flat_names(rest: httpx.AsyncClient, resources: Resources) -> None:
    flat = [field("direction", "UP"), field("durationSeconds", "3.5"), field("phoneNumber", "1" * 65)]

    error = await _refused(rest, resources, [file(WAV), *flat])

    assert sorted(_fields(error)) == ["direction", "durationSeconds", "phoneNumber"]


@pytest.mark.parametrize("envelope", ["{", "[]", "null", '"text"', "5", "NaN", '{"a": 1, "a": 2}', "\udcff"])
async def test_metadata_that_is_no_object(rest: httpx.AsyncClient, resources: Resources, envelope: str) -> None:
    content = envelope.encode("utf-8", "surrogateescape")

    assert _fields(await _refused(rest, resources, [file(WAV), field("metadata", content)])) == ["metadata"]


@pytest.mark.parametrize(
    ("parts", "field_name"),
    [
        ([field("metadata", "{}")], "file"),
        ([file(b"")], "file"),
        ([file(WAV), file(WAV)], "file"),
        ([file(WAV), field("title", "a"), field("title", "b")], "title"),
        ([file(WAV), *(field(f"f{n}", "x") for n in range(20))], "body"),
        ([file(WAV), field("notes", "x" * 65_537)], "notes"),
        (encode([file(WAV)], end=False), "body"),
        (b"no multipart at all", "body"),
        (b"", "body"),
    ],
    ids=["no file", "empty file", "file twice", "part twice", "21 parts", "long part", "cut", "prose", "nothing"],
)
async def test_bad_forms(
    rest: httpx.AsyncClient, resources: Resources, parts: list[Part] | bytes, field_name: str
) -> None:
    assert _fields(await _refused(rest, resources, parts)) == [field_name]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
async def test_other_content_types_miss_the_file(
    rest: httpx.AsyncClient, resources: Resources, content_type: str
) -> None:
    response = await rest.post("/api/calls/analyze", content=b"{}", headers={"content-type": content_type})

    assert (response.status_code, response.json()["error"]["details"]["fields"][0]["field"]) == (400, "file")


async def test_no_body_misses_the_file(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/api/calls/analyze")

    assert (response.status_code, response.json()["error"]["details"]["fields"][0]["field"]) == (400, "file")


async def test_announced_request_over_the_limit(rest: httpx.AsyncClient, resources: Resources) -> None:
    response = await _post(rest, [file(WAV)], **{"content-length": str(55 * 1024**2 + 1)})

    assert response.status_code == 413
    assert response.json()["error"]["details"] == {"maxBytes": 57_671_680}
    await _assert_nothing_left(resources)


async def test_store_that_fails_is_an_outage(
    rest: httpx.AsyncClient, resources: Resources, break_store: Callable[[], None]
) -> None:
    break_store()

    response = await _post(rest, [file(WAV)])

    assert (response.status_code, response.json()["error"]["code"]) == (503, "storage_unavailable")
    assert response.headers["retry-after"] == "5"
    async with resources.database.read() as session:
        assert (await session.scalars(select(col(CallRecord.id)))).all() == []


async def test_same_upload_twice_makes_two_calls(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await _accepted(rest, resources, [file(WAV)])
    second = await _accepted(rest, resources, [file(WAV)])

    assert first.id != second.id


async def test_keys_of_stored_objects_hold_no_names(rest: httpx.AsyncClient, resources: Resources) -> None:
    call = await _accepted(rest, resources, [file(WAV, file_name="Tobias Lind +49 30 5550 4471.wav")])

    keys = await resources.storage.list_keys("users/")

    assert keys == [f"users/{call.user_id}/calls/{call.id}/temp/audio.wav"]

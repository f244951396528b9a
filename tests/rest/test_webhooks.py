"""Transcripts that a provider brings, over real HTTP. Source: rest.md, sections 3.13 and 6 (T18, T20)."""

import asyncio
import dataclasses
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from app.calls.deletion import delete_call
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.db import Database
from app.resources import Resources, open_resources
from app.storage.store import ObjectStore
from tests.callbacks import CALLBACK_MODE, PATH, SECRET, callback_query, sign, signed, unsigned_query
from tests.engines import RAW
from tests.factories import Factory
from tests.finished import read_events, read_stored
from tests.rest.serving import Server, rest_client
from tests.stores import hold_messages, messages

MAX_BYTES = 33_554_432
AS_SENT = b'{ "text":"Hello  there.",\n "unknown":[1.50], "segments": null }\n'
ERROR = b'{"error":{"message":"The file could not be processed.","type":"server_error"}}'
RECEIVED = b'{"received":true}'
REFUSED = b'{"error":{"code":"webhook_signature_invalid","message":"The signature is not valid","details":{}}}'


@pytest.fixture
async def stores(server: Server, resources: Resources) -> AsyncIterator[Resources]:
    """The stores of the server, with empty tables."""
    async with open_resources(resources.settings.model_copy(update={"data_dir": server.data_dir})) as opened:
        yield opened


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """The provider, who has neither key nor token."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture
async def waiting(stores: Resources, alice: UUID) -> CallRecord:
    """A call of the server that was submitted a minute ago."""
    return await make_waiting(Factory(stores), alice)


async def make_waiting(factory: Factory, owner: UUID, **values: Any) -> CallRecord:
    now = datetime.now(UTC)
    values = {
        "status": CallStatus.TRANSCRIBING,
        "transcription_submitted_at": now - timedelta(minutes=1),
        "callback_deadline_at": now + timedelta(minutes=29),
        "attempts": 2,
        **values,
    }
    call = await factory.call(owner, **values)
    await factory.audio(call, b"RIFF")
    await factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, {"version": 1})
    return call


async def post(http: httpx.AsyncClient, query: str, content: bytes = RAW, **headers: str) -> httpx.Response:
    return await http.post(f"{PATH}?{query}", content=content, headers=headers)


async def read_all(stores: Resources, call: CallRecord) -> tuple[Any, ...]:
    """Everything that a callback could change."""
    return await read_stored(stores, call), await read_events(stores, call), messages(stores)


async def test_transcript_is_stored_as_it_was_sent_and_the_call_goes_on(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord
) -> None:
    answer = await post(http, callback_query(waiting.id), AS_SENT, **{"Content-Type": "text/plain"})

    stored = await read_stored(stores, waiting)
    assert (answer.status_code, answer.content) == (200, RECEIVED)
    assert answer.headers["cache-control"] == "no-store"
    assert stored.objects["raw.json"] == AS_SENT
    [raw] = [row for row in stored.artifacts if row["artifact_type"] == "RAW_TRANSCRIPT_JSON"]
    assert raw["storage_key"] == f"users/{waiting.user_id}/calls/{waiting.id}/transcripts/raw.json"
    assert (raw["byte_size"], raw["content_type"]) == (len(AS_SENT), "application/json")
    assert (stored.call["status"], stored.call["callback_deadline_at"]) == (CallStatus.TRANSCRIBING, None)
    assert (stored.call["attempts"], stored.call["dispatch_count"], stored.call["lease_expires_at"]) == (0, 1, None)
    assert "audio.wav" in stored.objects
    assert await read_events(stores, waiting) == ["TRANSCRIBED COMPLETED"]
    assert messages(stores) == [str(waiting.id)]


async def test_second_transcript_changes_nothing(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord
) -> None:
    query = callback_query(waiting.id)
    await post(http, query, AS_SENT)
    before = await read_all(stores, waiting)

    answers = [await post(http, query, content) for content in (AS_SENT, RAW, ERROR)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, RECEIVED)] * 3
    assert await read_all(stores, waiting) == before


@pytest.mark.parametrize("place", ["first", "second", "last"])
async def test_parameters_may_stand_in_any_order_that_is_signed(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord, place: str
) -> None:
    call_id, expires_at = unsigned_query(waiting.id).split("&")
    parts = [expires_at, call_id]
    parts.insert(["first", "second", "last"].index(place), f"sig={sign(f'{expires_at}&{call_id}')}")

    answer = await post(http, "&".join(parts))

    assert answer.status_code == 200
    assert (await read_stored(stores, waiting)).objects["raw.json"] == RAW


def _flip_a_bit(query: str) -> str:
    return query[:-1] + f"{int(query[-1], 16) ^ 1:x}"


BAD_QUERIES: dict[str, Callable[[UUID], str]] = {
    "nothing": lambda _: "",
    "no sig": unsigned_query,
    "no callId": lambda id: signed(unsigned_query(id).split("&")[1]),
    "no exp": lambda id: signed(f"callId={id}"),
    "sig twice": lambda id: f"{callback_query(id)}&sig={'0' * 64}",
    "callId twice": lambda id: signed(f"{unsigned_query(id)}&callId={id}"),
    "exp twice": lambda id: signed(f"{unsigned_query(id)}&exp=1"),
    "malformed callId": lambda id: callback_query(id.hex),
    "malformed exp": lambda id: signed(f"callId={id}&exp=soon"),
    "malformed sig": lambda id: f"{unsigned_query(id)}&sig=%00%ff",
    "expired by a second": lambda id: callback_query(id, -1),
    "one bit": lambda id: _flip_a_bit(callback_query(id)),
    "forged": lambda id: signed(unsigned_query(id), "x" * 32),
    "re-ordered afterwards": lambda id: "&".join(reversed(callback_query(id).split("&"))),
}


@pytest.mark.parametrize("make_query", BAD_QUERIES.values(), ids=BAD_QUERIES)
async def test_other_addresses_are_refused(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord, make_query: Callable[[UUID], str]
) -> None:
    before = await read_all(stores, waiting)

    answers = [await post(http, make_query(waiting.id), content) for content in (RAW, ERROR, b"[")]

    assert [(answer.status_code, answer.content) for answer in answers] == [(401, REFUSED)] * 3
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert await read_all(stores, waiting) == before


async def test_body_behind_a_bad_signature_is_not_read(server: Server, waiting: CallRecord) -> None:
    head = (
        f"POST {PATH}?{_flip_a_bit(callback_query(waiting.id))} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {MAX_BYTES + 1}\r\nExpect: 100-continue\r\n\r\n"
    )

    with connect(server) as connection:
        connection.sendall(head.encode())
        status, body = read_answer(connection)

    assert (status, body["error"]["code"]) == (401, "webhook_signature_invalid")


async def test_larger_body_is_refused_before_it_is_sent(server: Server, stores: Resources, waiting: CallRecord) -> None:
    before = await read_all(stores, waiting)
    head = (
        f"POST {PATH}?{callback_query(waiting.id)} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {MAX_BYTES + 1}\r\nExpect: 100-continue\r\n\r\n"
    )

    with connect(server) as connection:
        connection.sendall(head.encode())
        status, body = read_answer(connection)

    assert (status, body["error"]["code"], body["error"]["details"]) == (
        413,
        "payload_too_large",
        {"maxBytes": MAX_BYTES},
    )
    assert await read_all(stores, waiting) == before


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)], ids=["greatest", "a byte more"])
async def test_size_of_a_body_that_is_not_announced(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord, more: int, status: int
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield RAW
        for size in (*[1024**2] * 31, 1024**2 - len(RAW) + more):
            yield b" " * size

    answer = await http.post(f"{PATH}?{callback_query(waiting.id)}", content=chunks())

    stored = await read_stored(stores, waiting)
    assert answer.status_code == status
    assert {key: len(content) for key, content in stored.objects.items() if key == "raw.json"} == (
        {"raw.json": MAX_BYTES} if status == 200 else {}
    )


def connect(server: Server) -> socket.socket:
    url = urlsplit(server.url)
    return socket.create_connection((url.hostname, url.port), timeout=20)


def read_answer(connection: socket.socket) -> tuple[int, Any]:
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'"text"', b"{", b'{"text": NaN}', b"<html>", b'{"text": "\xff"}', b"null"],
    ids=["nothing", "list", "string", "half", "NaN", "HTML", "no UTF-8", "null"],
)
async def test_body_that_is_no_json_object_is_refused(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord, content: bytes
) -> None:
    before = await read_all(stores, waiting)

    answer = await post(http, callback_query(waiting.id), content, **{"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "validation_failed"
    assert answer.json()["error"]["details"] == {"fields": [{"field": "body", "message": "must be a JSON object"}]}
    assert await read_all(stores, waiting) == before


@pytest.mark.parametrize(
    "content", [ERROR, b'{"error":"no","text":"","segments":[]}'], ids=["error alone", "error and nothing said"]
)
async def test_error_instead_of_a_transcript_fails_the_call(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord, content: bytes
) -> None:
    answer = await post(http, callback_query(waiting.id), content)

    stored = await read_stored(stores, waiting)
    assert (answer.status_code, answer.content) == (200, RECEIVED)
    assert (stored.call["status"], stored.call["error_reason"]) == (CallStatus.FAILED, "transcription_unavailable")
    assert (stored.call["callback_deadline_at"], stored.objects, stored.artifacts) == (None, {}, [])
    assert await read_events(stores, waiting) == [
        "TRANSCRIBED FAILED",
        "CALL_FAILED FAILED",
        "TEMP_AUDIO_DELETED COMPLETED",
    ]
    assert messages(stores) == []


@pytest.mark.parametrize(
    "content",
    [b'{"error":null,"text":"Hello."}', b'{"error":"slow","segments":[{"text":"Hello."}]}', b"{}"],
    ids=["no error", "error beside a transcript", "neither"],
)
async def test_what_is_no_error_alone_is_stored_for_the_pipeline_to_judge(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord, content: bytes
) -> None:
    answer = await post(http, callback_query(waiting.id), content)

    stored = await read_stored(stores, waiting)
    assert answer.status_code == 200
    assert (stored.call["status"], stored.objects["raw.json"]) == (CallStatus.TRANSCRIBING, content)


@pytest.mark.parametrize(
    "values",
    [
        {"status": CallStatus.QUEUED},
        {"status": CallStatus.ANALYZING},
        {"status": CallStatus.COMPLETED},
        {"status": CallStatus.FAILED, "error_reason": "transcription_callback_timeout"},
        {"status": CallStatus.PROCESSING},
    ],
    ids=lambda values: str(values["status"]),
)
async def test_transcript_that_nobody_waits_for_changes_nothing(
    http: httpx.AsyncClient, stores: Resources, alice: UUID, values: dict[str, Any]
) -> None:
    call = await make_waiting(Factory(stores), alice, **values, callback_deadline_at=None)
    before = await read_all(stores, call)

    answers = [await post(http, callback_query(call.id), content) for content in (RAW, ERROR)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, RECEIVED)] * 2
    assert await read_all(stores, call) == before


async def test_call_that_was_deleted_while_it_waited_leaves_no_trace(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord
) -> None:
    deleted = await http.delete(f"/api/calls/{waiting.id}", headers={"X-Local-User-Id": "alice"})

    answers = [await post(http, callback_query(waiting.id), content) for content in (RAW, ERROR)]

    assert deleted.status_code == 204
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, RECEIVED)] * 2
    stored, events, sent = await read_all(stores, waiting)
    assert (stored.call, stored.artifacts, stored.objects, events, sent) == ({}, [], {}, [], [])


async def test_call_that_never_was_is_answered_like_a_deleted_one(http: httpx.AsyncClient) -> None:
    answer = await post(http, callback_query(uuid4()))

    assert (answer.status_code, answer.content) == (200, RECEIVED)


@pytest.mark.parametrize("is_claimed", [False, True], ids=["awaited", "before the worker says that it waits"])
async def test_of_many_transcripts_at_once_one_wins_whole(
    http: httpx.AsyncClient, stores: Resources, alice: UUID, is_claimed: bool
) -> None:
    claim = {
        "claim_token": uuid4(),
        "lease_expires_at": datetime.now(UTC) + timedelta(seconds=15),
        "callback_deadline_at": None,
    }
    call = await make_waiting(Factory(stores), alice, **(claim if is_claimed else {}))
    contents = [b'{"text":"' + bytes([97 + number]) * 1000 * (number + 1) + b'"}' for number in range(8)]

    answers = await asyncio.gather(*(post(http, callback_query(call.id), content) for content in contents))

    stored, events, sent = await read_all(stores, call)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert stored.objects["raw.json"] in contents
    [raw] = [row for row in stored.artifacts if row["artifact_type"] == "RAW_TRANSCRIPT_JSON"]
    assert raw["byte_size"] == len(stored.objects["raw.json"])
    assert events == ["TRANSCRIBED COMPLETED"]
    assert sent == ([] if is_claimed else [str(call.id)])
    if is_claimed:
        assert (stored.call["claim_token"], stored.call["lease_expires_at"]) == (
            claim["claim_token"],
            claim["lease_expires_at"],
        )


async def test_object_of_one_who_died_before_its_row_is_the_first_one(
    http: httpx.AsyncClient, stores: Resources, waiting: CallRecord
) -> None:
    await stores.storage.put(f"users/{waiting.user_id}/calls/{waiting.id}/transcripts/raw.json", AS_SENT)

    answer = await post(http, callback_query(waiting.id), RAW)

    stored = await read_stored(stores, waiting)
    [raw] = [row for row in stored.artifacts if row["artifact_type"] == "RAW_TRANSCRIPT_JSON"]
    assert answer.status_code == 200
    assert (stored.objects["raw.json"], raw["byte_size"]) == (AS_SENT, len(AS_SENT))


async def test_call_of_a_disabled_user_is_taken_in(http: httpx.AsyncClient, stores: Resources) -> None:
    factory = Factory(stores)
    call = await make_waiting(factory, await factory.user("gone", account_status="DISABLED"))

    answer = await post(http, callback_query(call.id))

    assert answer.status_code == 200
    assert (await read_stored(stores, call)).objects["raw.json"] == RAW


@pytest.fixture
async def here(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """The application in this process, whose stores can be broken."""
    async with rest_client(resources, **CALLBACK_MODE) as client:
        yield client


@pytest.mark.parametrize(
    "values",
    [{"firebase_project_id": "demo"}, {"api_keys": ("key",)}, {}],
    ids=["tokens", "keys", "neither, from a foreign page"],
)
async def test_provider_needs_no_credentials(
    resources: Resources, factory: Factory, alice: UUID, values: dict[str, Any]
) -> None:
    call = await make_waiting(factory, alice)

    async with rest_client(resources, **CALLBACK_MODE, **values) as rest:
        headers = {
            "Host": "evil.example",
            "Origin": "https://evil.example",
            "Authorization": "?",
            "Idempotency-Key": "",
        }
        answer = await post(rest, callback_query(call.id), **headers)
        others = [await rest.request(method, PATH, headers=headers) for method in ("GET", "DELETE", "HEAD")]

    assert answer.status_code == 200
    assert [other.status_code for other in others] == [401] * 3


async def test_other_methods_are_not_allowed(here: httpx.AsyncClient) -> None:
    answer = await here.get(PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("secret", [None, SECRET[:31]], ids=["none", "too short"])
async def test_server_without_a_secret_takes_nothing_in(
    resources: Resources, factory: Factory, alice: UUID, secret: str | None
) -> None:
    call = await make_waiting(factory, alice)
    before = await read_all(resources, call)

    async with rest_client(resources, webhook_secret=secret) as rest:
        answer = await post(rest, signed(unsigned_query(call.id), secret or ""))

    assert (answer.status_code, answer.content) == (401, REFUSED)
    assert await read_all(resources, call) == before


async def test_storage_that_is_away_is_an_outage_and_the_next_try_is_taken(
    here: httpx.AsyncClient, resources: Resources, factory: Factory, alice: UUID, break_store: Callable[[], None]
) -> None:
    call = await make_waiting(factory, alice)
    before = await read_all(resources, call)
    break_store()

    answer = await post(here, callback_query(call.id))

    users = resources.settings.storage_path / "users"
    users.unlink()
    users.with_name("away").rename(users)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert await read_all(resources, call) == before
    assert (await post(here, callback_query(call.id))).status_code == 200


async def test_database_that_is_away_is_an_outage(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await make_waiting(factory, alice)
    before = await read_all(resources, call)
    away = dataclasses.replace(resources, database=Database("postgresql://nobody@127.0.0.1:1/none"))

    async with rest_client(away, **CALLBACK_MODE) as rest:
        answers = [await post(rest, callback_query(call.id), content) for content in (RAW, ERROR)]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (503, "service_unavailable")
    ] * 2
    assert await read_all(resources, call) == before


class InterruptedStore(ObjectStore):
    """Something else happens before or after a transcript is written."""

    def __init__(self, store: ObjectStore, happen: Callable[[], Awaitable[object]], *, before: bool) -> None:
        super().__init__(store._store, store._root)
        self._happen = happen
        self._before = before

    async def put_first(self, key: str, content: bytes) -> bytes:
        if self._before:
            await self._happen()
        there = await super().put_first(key, content)
        if not self._before:
            await self._happen()
        return there


@pytest.mark.parametrize("before", [True, False], ids=["before the object", "after the object"])
async def test_call_that_is_deleted_while_its_transcript_is_stored_leaves_no_trace(
    resources: Resources, factory: Factory, alice: UUID, before: bool
) -> None:
    call = await make_waiting(factory, alice)
    store = InterruptedStore(
        resources.storage, lambda: delete_call(resources, user_id=alice, call_id=call.id), before=before
    )

    async with rest_client(dataclasses.replace(resources, storage=store), **CALLBACK_MODE) as rest:
        answer = await post(rest, callback_query(call.id))

    stored, events, sent = await read_all(resources, call)
    assert (answer.status_code, answer.content) == (200, RECEIVED)
    assert (stored.call, stored.artifacts, stored.objects, events, sent) == ({}, [], {}, [], [])


async def test_call_that_is_deleted_while_it_is_sent_on_leaves_no_message(
    here: httpx.AsyncClient, resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await make_waiting(factory, alice)

    with hold_messages(resources):
        calling_back = asyncio.create_task(post(here, callback_query(call.id)))
        await wait_until_stored(resources, call)
        await delete_call(resources, user_id=alice, call_id=call.id)
    answer = await calling_back

    assert answer.status_code == 200
    assert messages(resources) == []


async def wait_until_stored(resources: Resources, call: CallRecord) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if await read_events(resources, call) == ["TRANSCRIBED COMPLETED"]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the transcript was not stored in time")


async def test_delete_that_has_begun_keeps_workers_away_from_the_call(
    here: httpx.AsyncClient, resources: Resources, factory: Factory, alice: UUID
) -> None:
    lease = datetime.now(UTC) + timedelta(seconds=60)
    call = await make_waiting(factory, alice, claim_token=uuid4(), lease_expires_at=lease)

    await post(here, callback_query(call.id))

    stored = await read_stored(resources, call)
    assert (stored.call["claim_token"], stored.call["lease_expires_at"]) == (call.claim_token, lease)
    assert stored.call["callback_deadline_at"] is None


async def test_no_log_line_holds_the_signature_or_what_was_said(
    server: Server, http: httpx.AsyncClient, waiting: CallRecord
) -> None:
    query = callback_query(waiting.id)
    marked = [b'{"text":"zebracrossing"}', b'{"error":"zebracrossing"}', b"zebracrossing"]

    for content in marked:
        await post(http, query, content)

    told = server.log.read_text()
    assert f"route={PATH} status=400" in told
    assert [secret for secret in ("zebracrossing", query[-64:], SECRET, "sig=") if secret in told] == []

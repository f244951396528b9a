"""What is asked all day reads a few rows from an index, however many there are: the plans of the statements as sent.

Requests and the worker's functions run on tables with thousands of rows; each statement that the driver gets is
explained with its own values. Inserts are left out: they look for nothing. So are the figures of a user
(`GET /api/users/me/stats`) and the legacy pages, which count all their calls by their nature.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.calls.models import ArtifactType
from app.cursor import Cursor, encode_cursor
from app.db import Database
from app.embedded.servers import EmbeddedServers
from app.main import create_app
from app.pipeline.claims import Claim, claim_call, ensure_held, extend_leases, update_claimed
from app.pipeline.dispatcher import dispatch
from app.pipeline.progress import StoredArtifact, note_progress
from app.resources import Resources
from app.sweeps.ages import Ages
from app.sweeps.runner import sweep_everything
from bench.many_calls import add_calls
from tests.factories import Factory
from tests.finished import finished_call
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.plans import explain_kept, find_flaws
from tests.sent import sent
from tests.stores import make_settings, open_empty

CALLS = 4000
MOST_ROWS = 500
"""What a part of a plan may look at: the calls of one contact, or 100 action items and their calls."""

_NEIGHBOURS = """
INSERT INTO users (id, external_user_id, fcm_token)
SELECT gen_random_uuid(), 'neighbour-' || n, 'token-' || n FROM generate_series(1, 1000) AS n RETURNING id
"""
_THE_REST = """
UPDATE call_records SET created_at = created_at - interval '60 days', recorded_at = recorded_at - interval '60 days';
UPDATE call_records SET status = 'QUEUED', dispatched_at = now() WHERE id IN (
    SELECT id FROM call_records WHERE status = 'COMPLETED' ORDER BY created_at DESC, id LIMIT 20);
UPDATE call_records SET status = 'TRANSCRIBING', lease_expires_at = now() + interval '1 hour' WHERE id IN (
    SELECT id FROM call_records WHERE status = 'COMPLETED' ORDER BY created_at DESC, id LIMIT 20);
INSERT INTO contacts (id, user_id, name)
SELECT gen_random_uuid(), id, 'Name ' || n FROM users, generate_series(1, 3) AS n;
INSERT INTO user_voice_profiles (id, user_id, provider, model, embedding_json, consent_version, sample_duration_seconds)
SELECT gen_random_uuid(), id, 'pyannote', 'm', '[]', '1', 15 FROM users;
INSERT INTO idempotency_records
    (id, user_id, method, path_digest, key, request_hash, owner_token, alive_at, resource_id)
SELECT gen_random_uuid(), id, 'POST', 'p', 'k', 'h', gen_random_uuid(), now(), gen_random_uuid() FROM users;
INSERT INTO call_artifacts (id, call_id, artifact_type, storage_key, content_type, byte_size)
SELECT gen_random_uuid(), id, unnest(ARRAY['RAW_TRANSCRIPT_JSON', 'ANALYSIS_JSON']), 'key', 'application/json', 9
FROM call_records;
INSERT INTO call_artifacts (id, call_id, artifact_type, storage_key, content_type, byte_size)
SELECT gen_random_uuid(), id, 'TEMP_AUDIO', 'key', 'audio/wav', 9 FROM call_records WHERE status = 'QUEUED';
INSERT INTO call_processing_events (id, call_id, user_id, stage, status)
SELECT gen_random_uuid(), id, user_id, 'CALL_QUEUED', 'COMPLETED' FROM call_records;
INSERT INTO call_sentiment_summary (call_record_id, user_id, recorded_at)
SELECT id, user_id, recorded_at FROM call_records;
"""
_PAGE_OF_CONTACT = "query ($id: ID!) { calls(first: 50, contactId: $id) { nodes { id actionItemCount } } }"
_WHOLE_CALLS = """{ calls(first: 10) { nodes {
notes contact { name } actionItems(first: 5) { title } events { stage } transcript { document } } } }"""


@dataclass(frozen=True, slots=True)
class World:
    """A filled database, and the client of the user who has most of the calls."""

    resources: Resources
    rest: httpx.AsyncClient
    calls: list[UUID]
    """COMPLETED ones of the user, to be used up."""
    queued: list[UUID]
    """Of anybody, to be used up, too."""
    finished_id: UUID
    """A call with all of its documents."""
    middle: str
    """The cursor of a place in the middle of the calls, and of the action items."""
    contacts: list[UUID]
    """The first one has calls."""
    action_id: UUID

    async def ask(self, method: str, path: str, **options: Any) -> None:
        answer = await self.rest.request(method, path, **options)
        assert answer.is_success, answer.text
        assert "errors" not in answer.text


Question = Callable[[World], Awaitable[object]]


@pytest.fixture(scope="module")
async def world(
    servers: EmbeddedServers, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Filled once: no question takes away what another one needs."""
    settings = make_settings(servers, tmp_path_factory.mktemp("plans"), configured_upload_guard=True)
    async with open_empty(settings, database) as resources:
        app = create_app(settings)
        app.state.resources = resources
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as rest:
            await rest.get("/api/users/me")
            yield await _fill(resources, rest)
    async with database.transaction() as session:
        # Takes a tenth of the time that the next test would need to delete so much.
        await session.execute(text("TRUNCATE users CASCADE"))


async def _fill(resources: Resources, rest: httpx.AsyncClient) -> World:
    database = resources.database
    async with database.transaction() as session:
        owner: UUID = (await session.scalars(text("SELECT id FROM users"))).one()
        neighbours = (await session.scalars(text(_NEIGHBOURS))).all()
    await add_calls(database, [owner], CALLS)
    await add_calls(database, neighbours[:20], CALLS // 40)
    async with database.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        # Several statements at once, which SQLAlchemy does not send.
        await driver.execute(f"{_THE_REST} ANALYZE")
        calls = await driver.fetch(
            "SELECT id, status, created_at FROM call_records WHERE user_id = $1 ORDER BY created_at DESC, id DESC",
            owner,
        )
        contacts = await driver.fetch("SELECT id FROM contacts WHERE user_id = $1 ORDER BY name DESC", owner)
        queued = await driver.fetch("SELECT id FROM call_records WHERE status = 'QUEUED'")
        action_id = await driver.fetchval("SELECT id FROM action_items WHERE user_id = $1 LIMIT 1", owner)
    finished = await finished_call(Factory(resources), owner)
    return World(
        resources,
        rest,
        calls=[call["id"] for call in calls if call["status"] == "COMPLETED"],
        queued=[call["id"] for call in queued],
        finished_id=finished.id,
        middle=encode_cursor(Cursor(calls[CALLS // 2]["created_at"], calls[CALLS // 2]["id"])),
        contacts=[contact["id"] for contact in contacts],
        action_id=action_id,
    )


async def _run(world: World) -> None:
    """What a run of a worker writes to the row of its call, and asks of it."""
    database = world.resources.database
    claim = await _claim(world)
    await ensure_held(database, claim)
    async with database.transaction() as session:
        await extend_leases(session, [claim])
    raw = StoredArtifact(ArtifactType.RAW_TRANSCRIPT_JSON, "raw.json", "application/json", 2, None)
    await note_progress(database, claim, raw, moves_to_analyzing=False)
    await note_progress(database, claim, raw, moves_to_analyzing=True)
    async with database.transaction() as session:
        await update_claimed(session, claim, duration_seconds=9)


async def _claim(world: World) -> Claim:
    async with world.resources.database.autocommit() as connection:
        claim = await claim_call(connection, world.queued.pop())
    assert claim is not None
    return claim


READINGS: Mapping[str, Question] = {
    "page of calls": lambda world: world.ask("GET", "/api/calls?limit=50"),
    "page behind a cursor": lambda world: world.ask("GET", f"/api/calls?limit=50&cursor={world.middle}"),
    "page of a status": lambda world: world.ask("GET", "/api/calls?limit=50&status=FAILED"),
    "page of calls in flight": lambda world: world.ask("GET", "/api/calls?limit=50&status=ANALYZING"),
    "page of a contact": lambda world: world.ask(
        "POST", "/graphql", json={"query": _PAGE_OF_CONTACT, "variables": {"id": str(world.contacts[0])}}
    ),
    "whole calls": lambda world: world.ask("POST", "/graphql", json={"query": _WHOLE_CALLS}),
    "statuses": lambda world: world.ask("GET", f"/api/calls/status?ids={','.join(map(str, world.calls[:20]))}"),
    "one call": lambda world: world.ask("GET", f"/api/calls/{world.finished_id}"),
    "transcript": lambda world: world.ask("GET", f"/api/calls/{world.finished_id}/transcript"),
    "analysis": lambda world: world.ask("GET", f"/api/calls/{world.finished_id}/analysis"),
    "events": lambda world: world.ask("GET", f"/api/debug/calls/{world.finished_id}/events"),
    "items of a call": lambda world: world.ask("GET", f"/api/calls/{world.finished_id}/action-items"),
    "action items": lambda world: world.ask("GET", "/api/actions?limit=100"),
    "action items behind a cursor": lambda world: world.ask("GET", f"/api/actions?limit=100&cursor={world.middle}"),
    "action items of a status": lambda world: world.ask("GET", "/api/actions?limit=100&status=DONE"),
    "contacts": lambda world: world.ask("GET", "/api/contacts"),
    "one contact": lambda world: world.ask("GET", f"/api/contacts/{world.contacts[0]}"),
    "account": lambda world: world.ask("GET", "/api/users/me"),
    "vibe": lambda world: world.ask("GET", "/api/analytics/vibe?days=7"),
}
CHANGES: Mapping[str, Question] = {
    "upload": lambda world: world.ask(
        "POST", "/api/calls/analyze", content=encode([file(WAV)]), headers={"Content-Type": CONTENT_TYPE}
    ),
    "other title": lambda world: world.ask("PATCH", f"/api/calls/{world.calls[0]}", json={"title": "Other"}),
    "other title, with a key": lambda world: world.ask(
        "PATCH", f"/api/calls/{world.calls[0]}", json={"title": "New"}, headers={"Idempotency-Key": "k"}
    ),
    "link to a contact": lambda world: world.ask(
        "PATCH", f"/api/calls/{world.calls[0]}/contact", json={"contactId": str(world.contacts[1])}
    ),
    "done": lambda world: world.ask("PATCH", f"/api/actions/{world.action_id}", json={"status": "DONE"}),
    "deletion of a call": lambda world: world.ask("DELETE", f"/api/calls/{world.calls.pop()}"),
    "deletion of a contact": lambda world: world.ask("DELETE", f"/api/contacts/{world.contacts.pop()}"),
    "push token": lambda world: world.ask("PATCH", "/api/users/me", json={"fcmToken": "token-7"}),
    "deletion of an account": lambda world: world.ask(
        "DELETE", "/api/users/me", headers={"X-Local-User-Id": "neighbour-900"}
    ),
    "claim and progress": _run,
    "dispatcher": lambda world: dispatch(world.resources),
    "sweeps": lambda world: sweep_everything(world.resources, Ages.from_settings(world.resources.settings)),
}
QUESTIONS = {**READINGS, **CHANGES}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_no_question_walks_through_a_table(world: World, name: str) -> None:
    async with sent(world.resources.database) as statements:
        await QUESTIONS[name](world)

    assert statements
    assert await find_flaws(world.resources.database, statements, most_rows=MOST_ROWS) == []


@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("call_records_newest", "page of calls"),
        ("call_records_newest", "page behind a cursor"),
        ("call_records_status", "page of a status"),
        ("call_records_contact", "page of a contact"),
        ("action_items_of_call", "page of calls"),
        ("action_items_newest", "action items"),
        ("action_items_status", "action items of a status"),
        ("call_processing_events_of_call", "events"),
        ("call_processing_events_age", "sweeps"),
        ("call_artifacts_temporary", "sweeps"),
        ("users_fcm_token", "push token"),
    ],
)
async def test_missing_index_is_found(world: World, index: str, name: str) -> None:
    async with sent(world.resources.database) as statements:
        await QUESTIONS[name](world)

    assert await find_flaws(world.resources.database, statements, most_rows=MOST_ROWS, without=index)


@pytest.mark.parametrize("name", [name for name in READINGS if name.startswith(("page", "action items"))])
async def test_plan_that_is_kept_for_a_page_takes_rows_in_their_order(world: World, name: str) -> None:
    async with sent(world.resources.database) as statements:
        await QUESTIONS[name](world)
    [(statement, values)] = [(sql, values) for sql, values in statements if " LIMIT " in sql]

    plan = await explain_kept(world.resources.database, statement, len(values))

    assert (plan["Node Type"], plan["Plans"][0]["Node Type"]) == ("Limit", "Nested Loop")
    assert plan["Plans"][0]["Plans"][0]["Node Type"] == "Index Scan"


async def test_what_goes_with_another_row_is_found_by_an_index(world: World) -> None:
    """A row that is deleted takes its children along, which are looked for one foreign key after the other."""
    statement = """
        SELECT conrelid::regclass || '.' || attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL)
    """
    async with world.resources.database.read() as session:
        assert (await session.scalars(text(statement))).all() == []

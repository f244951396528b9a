"""Which errors are reported, and what a tracker that fails does. Source: pipeline.md, section 13."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from fastapi import FastAPI, Response
from sqlalchemy import text, update
from sqlmodel import col

from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.db import Database
from app.observability.error_tracking import note_stage, open_error_tracking, report_error
from app.observability.requests import RequestMiddleware, UnexpectedErrorMiddleware
from app.pipeline.dispatcher import run_dispatcher
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.settings import load_settings
from tests.doubles.http_double import Failure
from tests.doubles.sentry import Sentry
from tests.engines import RAW, Script
from tests.factories import Factory

SECRET = "zebracrossing"
CALL, USER = str(UUID(int=1)), str(UUID(int=2))


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    with Sentry() as double:
        yield double


@pytest.fixture
async def tracking(sentry: Sentry) -> AsyncIterator[None]:
    """Errors are reported while the test runs."""
    async with open_error_tracking(load_settings(sentry_dsn=sentry.dsn, sentry_environment="staging")):
        yield


def raise_with_secrets() -> None:
    heard = {"text": SECRET}
    raise ValueError(f"cannot read {heard}")


def catch() -> Exception:
    try:
        raise_with_secrets()
    except ValueError as error:
        return error
    raise AssertionError


def summary(event: dict[str, Any]) -> tuple[Any, ...]:
    """Its fingerprint, its tags and the innermost function."""
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    return event["fingerprint"], event["tags"], frames[-1]["function"]


async def test_report_tells_types_places_and_ids(sentry: Sentry) -> None:
    settings = load_settings(sentry_dsn=sentry.dsn, sentry_environment="staging")

    async with open_error_tracking(settings):
        with structlog.contextvars.bound_contextvars(callId=CALL, userId=USER, reqId="r-1"):
            report_error(catch(), "ANALYZED")

    [event] = sentry.events
    assert event.keys() == {
        "event_id",
        "timestamp",
        "platform",
        "level",
        "release",
        "environment",
        "exception",
        "fingerprint",
        "tags",
        "sdk",
    }
    assert (event["environment"], event["sdk"].keys()) == ("staging", {"name", "version"})
    assert summary(event) == (["ANALYZED", "ValueError"], {"callId": CALL, "userId": USER}, "raise_with_secrets")
    assert SECRET.encode() not in sentry.received
    assert b"r-1" not in sentry.received


@pytest.mark.usefixtures("tracking")
async def test_error_is_reported_once_and_under_the_stage_where_it_came_up(sentry: Sentry) -> None:
    error = catch()
    note_stage(error, "DIARIZED")
    note_stage(error, "OUTER")

    report_error(error, "pipeline.run")
    report_error(error, "request")
    report_error(catch(), "request")
    sentry.wait_for_events(2)

    assert [event["fingerprint"] for event in sentry.events] == [["DIARIZED", "ValueError"], ["request", "ValueError"]]


@pytest.mark.usefixtures("tracking")
async def test_nothing_is_reported_by_itself(sentry: Sentry) -> None:
    logging.getLogger("anything").error(SECRET, exc_info=catch())
    structlog.get_logger().error("run_failed", exc_info=catch())

    report_error(catch(), "last")
    sentry.wait_for_events(1)

    assert [event["fingerprint"][0] for event in sentry.events] == ["last"]
    assert len(sentry.requests) == 1


@pytest.mark.parametrize("failure", [*Failure, "gone", "held"])
async def test_tracker_that_fails_harms_nobody(sentry: Sentry, failure: Any) -> None:
    settings = load_settings(sentry_dsn=sentry.dsn)
    if failure == "gone":
        sentry.close()
    elif failure == "held":
        sentry.hold()
    else:
        sentry.failure = failure

    async with open_error_tracking(settings, flush_seconds=0.2):
        for _ in range(3):
            report_error(catch(), "test")

    assert sentry.events == []
    sentry.release()


async def test_error_that_cannot_be_described_harms_nobody(sentry: Sentry) -> None:
    class StubbornError(Exception):
        def add_note(self, note: str) -> None:
            raise RuntimeError(SECRET)

    with structlog.testing.capture_logs() as lines:
        async with open_error_tracking(load_settings(sentry_dsn=sentry.dsn)):
            report_error(StubbornError(), "test")

    assert {"event": "error_not_reported", "error": "RuntimeError", "log_level": "warning"} in lines
    assert sentry.requests == []


@pytest.mark.usefixtures("tracking")
async def test_bug_behind_a_request_is_reported_by_its_route(resources: Resources, sentry: Sentry) -> None:
    app = FastAPI()
    app.state.resources = resources
    app.add_middleware(UnexpectedErrorMiddleware, respond=lambda _: Response(status_code=500))
    app.add_middleware(RequestMiddleware, access_log=False)

    @app.get("/things/{id}")
    async def get_thing(id: str) -> None:
        structlog.contextvars.bind_contextvars(userId=USER)
        raise_with_secrets()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(f"/things/{SECRET}?q={SECRET}")
    sentry.wait_for_events(1)

    assert answer.status_code == 500
    [event] = sentry.events
    assert summary(event) == (["GET /things/{id}", "ValueError"], {"userId": USER}, "raise_with_secrets")
    assert SECRET.encode() not in sentry.received


@pytest.mark.usefixtures("tracking")
async def test_bug_in_a_resolver_is_reported_by_its_field(
    resources: Resources, rest: httpx.AsyncClient, owner: UUID, factory: Factory, sentry: Sentry
) -> None:
    call = await factory.call(owner, title=SECRET)
    async with resources.database.transaction() as session:
        await session.execute(text("ALTER TABLE call_records RENAME COLUMN title TO other"))
    try:
        query = f'{{ wombat: call(id: "{call.id}") {{ title }} }}'
        answers = [await rest.post("/graphql", json={"query": query}), await rest.get(f"/api/calls/{call.id}")]
        await rest.post("/graphql", json={"query": "{ wombat }"})
    finally:
        async with resources.database.transaction() as session:
            await session.execute(text("ALTER TABLE call_records RENAME COLUMN other TO title"))
    sentry.wait_for_events(2)

    assert [answer.status_code for answer in answers] == [200, 500]
    tags = {"userId": str(owner)}
    assert [summary(event)[:2] for event in sentry.events] == [
        (["graphql call", "UndefinedColumnError"], tags),
        (["graphql call", "UndefinedColumnError"], {**tags, "callId": str(call.id)}),
    ]
    assert SECRET.encode() not in sentry.received
    assert b"wombat" not in sentry.received


@pytest.mark.usefixtures("tracking")
async def test_bug_in_the_dispatcher_is_reported_and_an_outage_is_not(resources: Resources, sentry: Sentry) -> None:
    away = Database("postgresql://scryon@127.0.0.1:1/scryon")
    tried = asyncio.create_task(run_dispatcher(replace(resources, database=away)))
    async with resources.database.transaction() as session:
        await session.execute(text("ALTER TABLE call_records RENAME COLUMN dispatched_at TO other"))
    try:
        dispatching = asyncio.create_task(run_dispatcher(resources))
        await asyncio.to_thread(sentry.wait_for_events, 1)
    finally:
        tried.cancel()
        dispatching.cancel()
        async with resources.database.transaction() as session:
            await session.execute(text("ALTER TABLE call_records RENAME COLUMN other TO dispatched_at"))
        await away.close()

    assert [event["fingerprint"] for event in sentry.events] == [["dispatcher", "ProgrammingError"]]


@pytest.mark.usefixtures("tracking")
async def test_failed_run_is_reported_with_its_stage(
    resources: Resources, factory: Factory, alice: UUID, sentry: Sentry
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED, title=SECRET)
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)
    script = Script()
    script.analyst.errors = [ValueError(SECRET), ValueError(SECRET)]

    for _ in range(2):
        await process_call(resources, script.engines(), Heartbeat(resources.database), call.id)
        async with resources.database.transaction() as session:
            rested = update(CallRecord).where(col(CallRecord.id) == call.id).values(lease_expires_at=None)
            await session.execute(rested)
    sentry.wait_for_events(2)

    tags = {"userId": str(alice)}
    assert [summary(event)[:2] for event in sentry.events] == [(["ANALYZED", "ValueError"], tags)] * 2
    assert SECRET.encode() not in sentry.received

"""How errors leave the schema. Source: rest.md, sections 1.5 and 1.11."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

from app.calls.models import ArtifactType
from app.db import Database
from app.errors import InternalError
from app.resources import Resources
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client


@pytest.fixture
async def offline(resources: Resources, alice: UUID) -> AsyncIterator[Client]:
    """The schema over a database that is not there."""
    database = Database("postgresql://scryon@127.0.0.1:1/scryon")
    yield Client(dataclasses.replace(resources, database=database), alice)
    await database.close()


async def test_error_has_code_status_and_details(client: Client) -> None:
    result = await client.run('{ call(id: "nonsense") { id } }')

    assert result.data is None
    [error] = result.errors
    assert error.formatted == {
        "message": "Call not found",
        "locations": [{"line": 1, "column": 3}],
        "path": ["call"],
        "extensions": {"code": "call_not_found", "status": 404, "details": {}},
    }


async def test_database_outage_is_service_unavailable(offline: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        refused = await offline.refused("{ me { id } }")

    assert refused == {"code": "service_unavailable", "status": 503, "details": {}}
    assert [(line["event"], line["reqId"], line["field"]) for line in lines] == [
        ("service_unavailable", "test-request", "me")
    ]


async def test_unexpected_error_shows_and_logs_no_inner_text(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice, title="Very private")
    async with resources.database.transaction() as session:
        await session.execute(text("ALTER TABLE call_records RENAME COLUMN title TO other"))
    try:
        with structlog.testing.capture_logs() as lines:
            result = await client.run("query ($id: ID!) { call(id: $id) { title } }", id=str(call.id))
    finally:
        async with resources.database.transaction() as session:
            await session.execute(text("ALTER TABLE call_records RENAME COLUMN other TO title"))

    [error] = result.errors
    assert error.message == "Something went wrong on our side"
    assert error.extensions == {"code": "internal_error", "status": 500, "details": {}}
    assert isinstance(error.original_error, InternalError)
    assert error.original_error.__cause__ is None
    [line] = lines
    assert (line["event"], line["reqId"], line["error"], line["field"]) == (
        "internal_error",
        "test-request",
        "UndefinedColumnError",
        "call",
    )
    assert "title" not in str(line)
    assert str(call.id) not in str(line)


async def test_failing_loader_is_logged_once(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    for _ in range(3):
        call = await factory.call(alice)
        await factory.document(call, ArtifactType.ANALYSIS_JSON, b"no JSON")

    with structlog.testing.capture_logs() as lines:
        result = await client.run("{ calls { nodes { analysis { document } } } }")

    assert [error.extensions["code"] for error in result.errors] == ["internal_error"] * 3
    assert [line["event"] for line in lines] == ["internal_error"]


async def test_one_failing_field_is_one_error(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)

    document = "query ($id: ID!) { me { id } call(id: $id) { id actionItems(first: 0) { id } } }"

    result = await client.run(document, id=str(call.id))

    [error] = result.errors
    assert (error.path, error.extensions["code"]) == (["call", "actionItems"], "validation_failed")


@pytest.mark.parametrize(
    ("document", "variables", "field"),
    [
        ("{ call(id: ", {}, "query"),
        ("{ nothing }", {}, "query"),
        ("query ($ids: [ID!]!) { callStatuses(ids: $ids) { nextPollMs } }", {}, "variables.ids"),
        ("query ($first: Int!) { calls(first: $first) { endCursor } }", {"first": 2**31}, "variables.first"),
        ("query ($first: Int!) { calls(first: $first) { endCursor } }", {"first": "3"}, "variables.first"),
        ('query { calls(status: "QUEUED") { endCursor } }', {}, "query"),
    ],
    ids=["syntax", "unknown-field", "missing", "too-big", "text", "enum-as-text"],
)
async def test_faulty_documents_and_variables_say_what_is_wrong(
    client: Client, document: str, variables: dict[str, Any], field: str
) -> None:
    with structlog.testing.capture_logs() as lines:
        result = await client.run(document, **variables)

    [error] = result.errors
    assert (error.extensions["code"], error.extensions["status"]) == ("validation_failed", 400)
    assert error.extensions["details"]["fields"] == [{"field": field, "message": error.message}]
    assert lines == []


async def test_pool_without_a_free_connection_is_service_unavailable(resources: Resources, alice: UUID) -> None:
    crowded = Database(resources.database.engine.url.render_as_string(hide_password=False), pool_size=1)
    crowded.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    try:
        async with crowded.read() as session:
            await session.execute(text("SELECT 1"))

            refused = await Client(dataclasses.replace(resources, database=crowded), alice).refused("{ me { id } }")
    finally:
        await crowded.close()

    assert refused == {"code": "service_unavailable", "status": 503, "details": {}}

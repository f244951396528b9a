"""That the other tests of this folder look at everything there is."""

import orjson

from tests.privacy.contents import OBJECTS, is_table, list_tables, list_text_columns, read_contents
from tests.privacy.graphql_cases import list_fields
from tests.privacy.schema import SCHEMA
from tests.privacy.world import World

OF_NOBODY = {"alembic_version"}

WITHOUT_WORDS = {
    "action_items.intent",
    "action_items.owner_role",
    "action_items.priority",
    "action_items.source",
    "action_items.status",
    "call_artifacts.artifact_type",
    "call_artifacts.storage_key",
    "call_processing_events.stage",
    "call_processing_events.status",
    "call_records.direction",
    "call_records.error_reason",
    "call_records.status",
    "call_sentiment_summary.contact_sentiment",
    "call_sentiment_summary.sentiment_overall",
    "call_sentiment_summary.user_sentiment",
    "idempotency_records.state",
    "users.account_status",
    "users.external_user_id",
    "users.plan",
}
"""Columns of closed sets and of ids: everywhere else stands Alice's marker."""


async def test_both_users_have_rows_in_every_table_and_nobody_else_has(world: World) -> None:
    contents = await read_contents(world.resources)
    tables = await list_tables(world.resources) - OF_NOBODY

    of_alice, of_bob = world.alice.find(contents), world.bob.find(contents)

    assert {table for table in tables if table not in of_alice or table not in of_bob} == set()
    assert {table: sorted(of_alice[table] + of_bob[table]) for table in tables} == {
        table: contents[table] for table in tables
    }


async def test_every_text_of_alice_gives_her_away(world: World) -> None:
    contents = world.alice.find(await read_contents(world.resources))
    columns = await list_text_columns(world.resources)

    marked = {
        f"{table}.{column}"
        for table, rows in contents.items()
        if is_table(table)
        for row in rows
        for column, value in orjson.loads(row).items()
        if world.alice.marker in str(value)
    }

    assert {column for column in columns - marked if column.partition(".")[0] not in OF_NOBODY} == WITHOUT_WORDS
    assert [entry for entry in contents[OBJECTS] if world.alice.marker not in entry] == []


async def test_finished_call_shows_all_that_it_has(world: World) -> None:
    [case] = [field for field in list_fields(SCHEMA) if field.name == "query.call"]

    answer = await case.send(world.client, world.bob.name, await world.own_values(case, world.bob))

    call = orjson.loads(answer.content)["data"]["call"]
    assert [name for name, value in call.items() if value in (None, [])] == ["errorReason", "errorMessage"]

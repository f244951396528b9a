"""Every endpoint and every GraphQL field, tried by others with Alice's ids: there is no such thing.

The cases come from the OpenAPI document and from the schema, so that what is new is tried as well.
Source: rest.md, sections 1.3 (AU6), 1.7 (ID2) and 6 (T2); pipeline.md, section 14 (P10).
"""

from uuid import uuid4

import pytest

from app.cursor import Cursor, encode_cursor
from tests.privacy.cases import Answer, Case, Slot, SlotKind
from tests.privacy.estate import Estate
from tests.privacy.graphql_cases import list_fields
from tests.privacy.rest_cases import list_endpoints
from tests.privacy.schema import SCHEMA
from tests.privacy.world import World

CASES: list[Case] = [*list_endpoints(), *list_fields(SCHEMA)]
WITH_IDS = [case for case in CASES if case.id_slots]
CHANGING = [case for case in CASES if case.changes]
WITH_CURSORS = [case for case in CASES if case.cursor_slots]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_is_shown_and_changed_is_the_users_own(world: World, case: Case) -> None:
    async with world.user_for(case) as user:
        await world.send_with_own_ids(case, user)
        for option, value in () if case.changes else case.options.items():
            answer = await world.send(case, user.name, await world.own_values(case, user), **{option: value})
            assert answer.is_done

    await world.expect_alice_untouched()


@pytest.mark.parametrize("case", WITH_IDS, ids=str)
async def test_ids_of_another_user_are_unknown_ids(world: World, case: Case) -> None:
    own = await world.own_values(case, world.bob)
    for slot in case.id_slots:
        unknown, *foreign = [
            await world.send(case, world.bob.name, {**own, slot: slot.wrap(ids)}) for ids in _choose(slot, world.alice)
        ]

        _expect_nothing(slot, unknown)
        assert foreign == [unknown] * len(foreign)

    await world.expect_alice_untouched()


@pytest.mark.parametrize("case", WITH_CURSORS, ids=str)
async def test_pages_of_another_user_begin_where_ones_own_do(world: World, case: Case) -> None:
    [slot] = case.cursor_slots
    for cursor in world.alice.cursors:
        of_nobody = encode_cursor(Cursor(cursor.created_at, uuid4()))
        expected = await world.send(case, world.bob.name, {slot: of_nobody})
        answer = await world.send(case, world.bob.name, {slot: encode_cursor(cursor)})

        assert answer == expected
        assert answer.is_done

    await world.expect_alice_untouched()


@pytest.mark.parametrize("case", CHANGING, ids=str)
async def test_keys_of_another_user_are_free(world: World, case: Case) -> None:
    values = await world.own_values(case, world.alice)
    key = await world.keep_answer_of_alice(case, values)

    answer = await world.send(case, "nobody", values, key=key)
    again = await world.send(case, "nobody", values, key=key)

    assert not answer.is_replayed
    assert (again.status, again.content) == (answer.status, answer.content)
    assert answer.is_missing if any(slot.kind is SlotKind.ONE for slot in case.slots) else answer.is_done
    await world.expect_alice_untouched()


def _choose(slot: Slot, alice: Estate) -> list[list[str]]:
    """What to put into a slot, one after the other: what nobody knows, what is Alice's, and what is no id at all."""
    if slot.kind is SlotKind.MANY:
        return [[str(uuid4()) for _ in alice.samples], alice.samples]
    malformed = ["nonsense"] if slot.kind is SlotKind.ONE else []
    return [[value] for value in (str(uuid4()), *alice.samples, *malformed)]


def _expect_nothing(slot: Slot, answer: Answer) -> None:
    """A thing that is asked for is missing; a filter may also find nothing."""
    assert answer.is_missing or (slot.kind is not SlotKind.ONE and answer.is_done), answer

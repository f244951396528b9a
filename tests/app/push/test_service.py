"""Who is told of a call, and whose token goes. Source: pipeline.md, sections 2 (S1) and 6 (T3)."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.admin_sdk import MAX_THREADS
from app.calls.deletion import delete_call
from app.calls.models import CallStatus
from app.db import Database
from app.push.sender import PushSender
from app.push.service import notify_call
from app.resources import Resources
from app.users.models import User
from app.users.service import delete_account
from tests.app.push.conftest import TOKEN, send_one
from tests.doubles.fcm import Fcm, Refusal
from tests.factories import Factory
from tests.privacy.contents import about, read_contents


@pytest.fixture
async def meera(factory: Factory) -> UUID:
    """A user with a phone."""
    return await factory.user("meera", fcm_token=TOKEN)


async def read_token(resources: Resources, user_id: UUID) -> str | None:
    async with resources.database.read() as session:
        return (await session.scalars(select(col(User.fcm_token)).where(col(User.id) == user_id))).one()


async def test_owner_of_a_finished_call_is_told(
    resources: Resources, factory: Factory, meera: UUID, sender: PushSender, google: Fcm
) -> None:
    await factory.user("bob", fcm_token="device-2")
    call = await factory.call(meera, status=CallStatus.COMPLETED, title="Xylophone", contact_name="Quagmire")

    await notify_call(resources.database, sender, call.id, CallStatus.COMPLETED)

    assert google.messages == [
        {
            "token": TOKEN,
            "data": {
                "callId": str(call.id),
                "status": "COMPLETED",
                "title": "Call ready",
                "body": "Transcript and analysis of your call are ready.",
            },
            "android": {"priority": "high", "ttl": "3600s"},
        }
    ]
    assert await read_token(resources, meera) == TOKEN


async def test_owner_without_a_token_is_not_told(
    resources: Resources, factory: Factory, alice: UUID, meera: UUID, sender: PushSender, google: Fcm
) -> None:
    call = await factory.call(alice, status=CallStatus.COMPLETED)

    await notify_call(resources.database, sender, call.id, CallStatus.COMPLETED)

    assert google.requests == []


@pytest.mark.parametrize("status", [CallStatus.QUEUED, CallStatus.ANALYZING, CallStatus.FAILED])
async def test_call_that_has_another_status_by_now_is_not_told_of(
    resources: Resources, factory: Factory, meera: UUID, sender: PushSender, google: Fcm, status: CallStatus
) -> None:
    call = await factory.call(meera, status=status)

    await notify_call(resources.database, sender, call.id, CallStatus.COMPLETED)

    assert google.requests == []


async def test_deleted_call_is_not_told_of(
    resources: Resources, factory: Factory, meera: UUID, sender: PushSender, google: Fcm
) -> None:
    call = await factory.call(meera, status=CallStatus.COMPLETED)
    await delete_call(resources, user_id=meera, call_id=call.id)

    await notify_call(resources.database, sender, call.id, CallStatus.COMPLETED)

    assert google.requests == []


@pytest.mark.parametrize("is_account_deleted", [False, True], ids=["call", "account"])
async def test_nothing_stays_of_what_is_deleted_while_its_owner_is_told(
    resources: Resources, factory: Factory, meera: UUID, sender: PushSender, google: Fcm, is_account_deleted: bool
) -> None:
    call = await factory.call(meera, status=CallStatus.COMPLETED)
    google.hold()
    google.refusal = Refusal.UNREGISTERED
    telling = asyncio.create_task(notify_call(resources.database, sender, call.id, CallStatus.COMPLETED))
    await asyncio.to_thread(google.wait_for_requests, 1)

    if is_account_deleted:
        await delete_account(resources, meera)
    else:
        await delete_call(resources, user_id=meera, call_id=call.id)
    google.release()
    await telling

    contents = await read_contents(resources)
    assert about(contents, [str(call.id), TOKEN.lower()]) == {}
    assert ("users" in contents) is not is_account_deleted


async def test_call_that_is_deleted_while_its_message_waits_for_a_thread_is_not_told_of(
    resources: Resources, factory: Factory, meera: UUID, sender: PushSender, google: Fcm
) -> None:
    call = await factory.call(meera, status=CallStatus.COMPLETED)
    google.hold()
    others = [asyncio.create_task(send_one(sender, {"callId": "7d1f"})) for _ in range(MAX_THREADS)]
    await asyncio.to_thread(google.wait_for_requests, MAX_THREADS)
    telling = asyncio.create_task(notify_call(resources.database, sender, call.id, CallStatus.COMPLETED))
    for _ in range(3):
        # Time enough to look at the row, as long as nobody has to wait for that.
        await read_token(resources, meera)

    await delete_call(resources, user_id=meera, call_id=call.id)
    google.release()
    await asyncio.gather(telling, *others)

    assert {message["data"]["callId"] for message in google.messages} == {"7d1f"}


@pytest.mark.parametrize(
    ("refusal", "left"),
    [
        (Refusal.UNREGISTERED, None),
        (Refusal.SENDER_ID_MISMATCH, None),
        (Refusal.TOKEN_NAMED, None),
        (Refusal.OTHER_ARGUMENT, TOKEN),
        (Refusal.NOT_FOUND, TOKEN),
        (Refusal.QUOTA_EXCEEDED, TOKEN),
        (Refusal.BAD_GATEWAY, TOKEN),
    ],
)
async def test_dead_tokens_are_removed_and_others_stay(
    resources: Resources,
    factory: Factory,
    meera: UUID,
    sender: PushSender,
    google: Fcm,
    refusal: Refusal,
    left: str | None,
) -> None:
    bob = await factory.user("bob", fcm_token="device-2")
    call = await factory.call(meera, status=CallStatus.FAILED)
    google.refusal = refusal

    await notify_call(resources.database, sender, call.id, CallStatus.FAILED)

    assert await read_token(resources, meera) == left
    assert await read_token(resources, bob) == "device-2"


async def test_token_that_came_meanwhile_stays(
    resources: Resources, factory: Factory, meera: UUID, sender: PushSender, google: Fcm
) -> None:
    call = await factory.call(meera, status=CallStatus.COMPLETED)
    google.refusal = Refusal.UNREGISTERED
    google.hold()
    telling = asyncio.create_task(notify_call(resources.database, sender, call.id, CallStatus.COMPLETED))
    await asyncio.to_thread(google.wait_for_requests, 1)

    async with resources.database.transaction() as session:
        await session.execute(update(User).where(col(User.id) == meera).values(fcm_token="device-9"))
    google.release()
    await telling

    assert google.sends == 1
    assert await read_token(resources, meera) == "device-9"


async def test_outage_of_the_database_is_only_noted(sender: PushSender, google: Fcm) -> None:
    nowhere = Database("postgresql://scryon:scryon@127.0.0.1:1/scryon", pool_size=1)

    await notify_call(nowhere, sender, UUID(int=7), CallStatus.COMPLETED)

    await nowhere.close()
    assert google.requests == []

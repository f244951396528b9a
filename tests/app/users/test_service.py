"""Finding and making accounts, and moving push tokens. Source: rest.md, sections 1.3 (AU2, AU4, AU5) and 2.13."""

import asyncio
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from app.auth.local import local_identity
from app.resources import Resources
from app.users.models import AccountStatus, User
from app.users.service import UserChanges, sign_in_user, update_user
from tests.factories import Factory


async def load(resources: Resources, user_id: UUID) -> User:
    async with resources.database.read() as session:
        user = await session.get(User, user_id)
    assert user is not None
    return user


async def test_first_sight_makes_an_account(resources: Resources) -> None:
    identity = await sign_in_user(resources.database, local_identity("local-dev"))

    user = await load(resources, identity.id)
    assert (identity.status, identity.reason) == (AccountStatus.ACTIVE, None)
    assert (user.external_user_id, user.email, user.email_verified) == ("local-dev", None, False)
    assert user.last_login_at == user.created_at


async def test_id_with_an_at_sign_is_a_verified_address(resources: Resources) -> None:
    identity = await sign_in_user(resources.database, local_identity("meera@clinic.example"))

    user = await load(resources, identity.id)
    assert (user.email, user.email_verified) == ("meera@clinic.example", True)


async def test_second_sight_finds_the_same_account_as_it_is(resources: Resources, factory: Factory) -> None:
    user_id = await factory.user("alice", account_status="DISABLED", account_status_reason="fraud")

    identity = await sign_in_user(resources.database, local_identity("alice"))

    assert (identity.id, identity.status, identity.reason) == (
        user_id,
        AccountStatus.DISABLED,
        "fraud",
    )


async def test_first_requests_at_the_same_time_make_one_account(resources: Resources) -> None:
    identities = await asyncio.gather(*(sign_in_user(resources.database, local_identity("alice")) for _ in range(8)))

    async with resources.database.read() as session:
        count = await session.scalar(select(func.count()).select_from(User))
    assert len({identity.id for identity in identities}) == 1
    assert count == 1


async def test_push_tokens_claimed_at_the_same_time_have_one_owner_each(resources: Resources, factory: Factory) -> None:
    users = [await factory.user(fcm_token=token) for token in ("device-0", "device-1", "device-2")]

    async def claim(user_id: UUID, token: str) -> None:
        async with resources.database.transaction() as session:
            await update_user(session, user_id, UserChanges(fcm_token=token))

    await asyncio.gather(*(claim(users[turn % 3], f"device-{(turn + 1) % 3}") for turn in range(9)))

    async with resources.database.read() as session:
        tokens = (await session.scalars(select(col(User.fcm_token)).where(col(User.fcm_token).is_not(None)))).all()
    assert len(tokens) == len(set(tokens))

from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.auth.recent_accounts import MAX_KNOWN, RecentAccounts
from app.main import create_app
from app.resources import Resources, open_resources
from app.users.accounts import Account
from app.users.identity import Identity
from app.users.models import AccountStatus

ALICE, BOB = Identity("alice"), Identity("bob")
ACCOUNT = Account(UUID(int=1), AccountStatus.ACTIVE, None)


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_account_is_known_for_some_seconds() -> None:
    clock = Clock()
    accounts = RecentAccounts(5, clock=clock)
    accounts.remember(ALICE, ACCOUNT)

    clock.now = 104.9
    found = accounts.find(ALICE)
    clock.now = 105.0

    assert (found, accounts.find(ALICE), accounts.find(BOB)) == (ACCOUNT, None, None)


def test_identity_that_says_something_new_is_unknown() -> None:
    accounts = RecentAccounts(5)

    accounts.remember(ALICE, ACCOUNT)

    assert accounts.find(Identity("alice", email="alice@example.org")) is None


def test_deleted_account_is_forgotten() -> None:
    accounts = RecentAccounts(5)
    accounts.remember(ALICE, ACCOUNT)
    accounts.remember(BOB, Account(UUID(int=2), AccountStatus.ACTIVE, None))

    accounts.forget(ACCOUNT.id)

    assert accounts.find(ALICE) is None
    assert accounts.find(BOB) is not None


def test_nothing_is_known_when_it_is_switched_off() -> None:
    accounts = RecentAccounts(0)

    accounts.remember(ALICE, ACCOUNT)

    assert accounts.find(ALICE) is None


def test_number_of_accounts_is_bounded() -> None:
    accounts = RecentAccounts(5)

    for number in range(MAX_KNOWN + 1):
        accounts.remember(Identity(str(number)), ACCOUNT)

    assert accounts.find(Identity("0")) is None
    assert accounts.find(Identity("1")) == ACCOUNT


@pytest.mark.usefixtures("alice")
async def test_disabled_user_may_read_for_a_moment_but_change_nothing(resources: Resources) -> None:
    settings = resources.settings.model_copy(update={"account_cache_seconds": 5})
    async with open_resources(settings) as opened:
        app = create_app(settings)
        app.state.resources = opened
        transport = httpx.ASGITransport(app)
        headers = {"X-Local-User-Id": "alice"}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            before = await client.get("/api/contacts")
            async with opened.database.transaction() as session:
                await session.execute(text("UPDATE users SET account_status = 'DISABLED'"))

            reading = await client.get("/api/contacts")
            changing = await client.post("/api/contacts", json={"name": "Tobias Lind"})

    assert [answer.status_code for answer in (before, reading, changing)] == [200, 200, 403]

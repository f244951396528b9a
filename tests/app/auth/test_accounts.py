"""What the Admin SDK adds: revoked, disabled, deleted. Source: rest.md, 1.3 (AU3); providers.md, 4.2."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.auth import accounts
from app.auth.accounts import FirebaseAccounts
from app.errors import AuthDisabledError, AuthInvalidError, ServiceUnavailableError
from app.settings import load_settings
from tests.app.auth.conftest import Clock
from tests.doubles.http_double import Failure
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.doubles.identity_toolkit import IdentityToolkit

ISSUED_AT = 1_770_000_000


@pytest.fixture
async def firebase(
    identity_toolkit: IdentityToolkit, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FirebaseAccounts]:
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", identity_toolkit.host)
    settings = load_settings(
        configured_profile="test",
        firebase_project_id=PROJECT_ID,
        firebase_client_email="scryon@demo-scryon.iam.gserviceaccount.com",
        firebase_private_key=signing_key(0).private_pem.replace("\n", "\\n"),
    )
    assert settings.service_account is not None
    opened = FirebaseAccounts(PROJECT_ID, settings.service_account, clock=clock)
    yield opened
    await opened.close()


async def test_user_in_good_standing_passes(firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit) -> None:
    identity_toolkit.add("k3", valid_since=ISSUED_AT)

    await firebase.check("k3", ISSUED_AT)


async def test_token_from_before_a_revocation_is_refused(
    firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit
) -> None:
    identity_toolkit.add("k3", valid_since=ISSUED_AT + 1)

    with pytest.raises(AuthInvalidError) as refused:
        await firebase.check("k3", ISSUED_AT)

    assert refused.value.details == {"scheme": "bearer"}
    await firebase.check("k3", ISSUED_AT + 1)


async def test_disabled_user_is_refused(firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit) -> None:
    identity_toolkit.add("k3", disabled=True)

    with pytest.raises(AuthDisabledError):
        await firebase.check("k3", ISSUED_AT)


async def test_deleted_user_is_refused(firebase: FirebaseAccounts) -> None:
    with pytest.raises(AuthInvalidError):
        await firebase.check("k3", ISSUED_AT)


async def test_google_is_asked_once_a_minute(
    firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit, clock: Clock
) -> None:
    account = identity_toolkit.add("k3")
    await asyncio.gather(*(firebase.check("k3", ISSUED_AT) for _ in range(10)))
    account.disabled = True
    await firebase.check("k3", ISSUED_AT)
    assert identity_toolkit.lookups == 1

    clock.now += 61
    with pytest.raises(AuthDisabledError):
        await firebase.check("k3", ISSUED_AT)

    assert identity_toolkit.lookups == 2


async def test_old_answer_serves_while_google_is_slow(
    firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PATIENCE_SECONDS", 0.05)
    identity_toolkit.add("k3")
    await firebase.check("k3", ISSUED_AT)
    identity_toolkit.hold()

    clock.now += 61
    await firebase.check("k3", ISSUED_AT)

    identity_toolkit.release()


async def test_unknown_user_while_google_is_down_is_nobody_to_tell(
    firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit
) -> None:
    identity_toolkit.add("k3")
    identity_toolkit.failure = Failure.HTML

    with pytest.raises(ServiceUnavailableError):
        await firebase.check("k3", ISSUED_AT)

    identity_toolkit.failure = None
    await firebase.check("k3", ISSUED_AT)


async def test_google_that_hangs_takes_no_threads_of_others(
    firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit
) -> None:
    identity_toolkit.hold()
    asked = [asyncio.create_task(firebase.check(f"user-{n}", ISSUED_AT)) for n in range(40)]
    await asyncio.sleep(0)

    assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 5) == "done"

    identity_toolkit.release()
    await asyncio.gather(*asked, return_exceptions=True)


async def test_user_is_deleted_at_the_provider(firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit) -> None:
    identity_toolkit.add("k3")
    await firebase.check("k3", ISSUED_AT)

    await firebase.delete("k3")

    assert identity_toolkit.accounts == {}
    with pytest.raises(AuthInvalidError):
        await firebase.check("k3", ISSUED_AT)


async def test_provider_that_does_not_delete_is_only_noted(
    firebase: FirebaseAccounts, identity_toolkit: IdentityToolkit
) -> None:
    identity_toolkit.failure = Failure.HTML

    await firebase.delete("k3")

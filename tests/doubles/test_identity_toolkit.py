"""firebase-admin takes the double of the Identity Toolkit for the real one."""

from collections.abc import Iterator

import firebase_admin
import httpx
import pytest
from firebase_admin import auth, exceptions
from google.auth.credentials import AnonymousCredentials

from tests.doubles.http_double import Failure
from tests.doubles.identity_toolkit import IdentityToolkit


@pytest.fixture
def sdk(identity_toolkit: IdentityToolkit, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    """firebase-admin, led to the double."""
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", identity_toolkit.host)
    options = {"projectId": "demo-scryon", "httpTimeout": 10}
    app = firebase_admin.initialize_app(AnonymousCredentials(), options, name="double")
    yield app
    firebase_admin.delete_app(app)


def lookup_url(double: IdentityToolkit) -> str:
    return f"http://{double.host}/identitytoolkit.googleapis.com/v1/projects/demo-scryon/accounts:lookup"


def test_state_of_a_user_is_seen(identity_toolkit: IdentityToolkit, sdk: firebase_admin.App) -> None:
    account = identity_toolkit.add("u-1", email="meera@example.org")
    account.disabled, account.valid_since = True, 1_770_000_000

    record = auth.get_user("u-1", sdk)

    assert (record.uid, record.email, record.email_verified) == ("u-1", "meera@example.org", True)
    assert (record.disabled, record.tokens_valid_after_timestamp) == (True, 1_770_000_000_000)
    assert identity_toolkit.lookups == 1


def test_usual_user_is_neither_disabled_nor_revoked(identity_toolkit: IdentityToolkit, sdk: firebase_admin.App) -> None:
    identity_toolkit.add("u-1")

    record = auth.get_user("u-1", sdk)

    assert (record.email, record.disabled, record.tokens_valid_after_timestamp) == (None, False, 0)


def test_missing_user_is_not_found(identity_toolkit: IdentityToolkit, sdk: firebase_admin.App) -> None:
    with pytest.raises(auth.UserNotFoundError):
        auth.get_user("u-1", sdk)

    assert identity_toolkit.lookups == 1


def test_deleted_user_is_gone(identity_toolkit: IdentityToolkit, sdk: firebase_admin.App) -> None:
    identity_toolkit.add("u-1")

    auth.delete_user("u-1", sdk)

    assert identity_toolkit.accounts == {}
    with pytest.raises(auth.UserNotFoundError):
        auth.delete_user("u-1", sdk)


def test_failure_reaches_the_caller(identity_toolkit: IdentityToolkit, sdk: firebase_admin.App) -> None:
    identity_toolkit.add("u-1")
    identity_toolkit.failure = Failure.CLOSED_CONNECTION

    with pytest.raises(exceptions.UnavailableError):
        auth.get_user("u-1", sdk)

    # Asked a second time by firebase-admin itself.
    assert identity_toolkit.lookups == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), ({"Authorization": "Basic b3duZXI="}, 403), ({"Authorization": "Bearer somebody"}, 401)],
    ids=["nobody", "basic", "somebody"],
)
def test_only_the_owner_may_ask(identity_toolkit: IdentityToolkit, headers: dict[str, str], status: int) -> None:
    identity_toolkit.add("u-1")

    response = httpx.post(lookup_url(identity_toolkit), json={"localId": ["u-1"]}, headers=headers)

    assert response.status_code == status
    assert response.json()["error"]["code"] == status


@pytest.mark.parametrize("body", [b'{"loc', b"[]", b'{"localId":"u-1"}'], ids=["broken", "list", "text"])
def test_other_bodies_are_refused(identity_toolkit: IdentityToolkit, body: bytes) -> None:
    identity_toolkit.add("u-1")

    response = httpx.post(lookup_url(identity_toolkit), content=body, headers={"Authorization": "Bearer owner"})

    assert response.status_code == 400
    assert response.json()["error"]["status"] == "INVALID_ARGUMENT"

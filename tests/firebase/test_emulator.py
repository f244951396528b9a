"""The emulator runs as `providers.md`, section 4.3, describes it, and the double of the Identity Toolkit is like it."""

import time
from collections.abc import Iterator

import firebase_admin
import httpx
import pytest
from firebase_admin import auth
from google.auth.credentials import AnonymousCredentials

from tests.doubles.id_tokens import read_token
from tests.doubles.identity_toolkit import IdentityToolkit
from tests.firebase.emulator import FOLDER, FirebaseEmulator

PATH = "/identitytoolkit.googleapis.com/v1/projects/demo-scryon"


@pytest.fixture
def sdk(firebase_emulator: FirebaseEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    """firebase-admin, led to the emulator."""
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", firebase_emulator.host)
    app = firebase_admin.initialize_app(AnonymousCredentials(), {"projectId": "demo-scryon"}, name="emulator")
    yield app
    firebase_admin.delete_app(app)


def test_lock_file_names_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text()

    assert '"integrity"' in lock
    assert '"resolved"' not in lock


def test_token_of_a_new_user_has_the_claims_and_no_signature(firebase_emulator: FirebaseEmulator) -> None:
    user = firebase_emulator.sign_up("Meera@example.org", displayName="Meera Nair")

    header, claims = read_token(user.id_token)
    now = time.time()
    assert header == {"alg": "none", "typ": "JWT"}
    assert user.id_token.endswith(".")
    assert {name: value for name, value in claims.items() if name not in ("auth_time", "iat", "exp")} == {
        "iss": "https://securetoken.google.com/demo-scryon",
        "aud": "demo-scryon",
        "sub": user.local_id,
        "user_id": user.local_id,
        "email": "meera@example.org",
        "email_verified": False,
        "name": "Meera Nair",
        "firebase": {"identities": {"email": ["meera@example.org"]}, "sign_in_provider": "password"},
    }
    assert claims["exp"] - claims["iat"] == 3600
    assert [claims["iat"] - now, claims["auth_time"] - now] == pytest.approx([0, 0], abs=10)


def test_user_who_signs_in_is_the_one_who_signed_up(firebase_emulator: FirebaseEmulator) -> None:
    user = firebase_emulator.sign_up("meera@example.org")

    again = firebase_emulator.sign_in("meera@example.org")

    assert again.local_id == user.local_id
    assert read_token(again.id_token)[1]["sub"] == user.local_id


def test_disabled_user_is_seen_as_such(firebase_emulator: FirebaseEmulator, sdk: firebase_admin.App) -> None:
    user = firebase_emulator.sign_up("meera@example.org")

    firebase_emulator.disable(user.local_id)

    assert auth.get_user(user.local_id, sdk).disabled
    with pytest.raises(auth.UserDisabledError):
        auth.verify_id_token(user.id_token, sdk, check_revoked=True)


def test_revoked_token_is_seen_as_such(firebase_emulator: FirebaseEmulator, sdk: firebase_admin.App) -> None:
    user = firebase_emulator.sign_up("meera@example.org")
    issued_at = read_token(user.id_token)[1]["iat"]
    assert auth.verify_id_token(user.id_token, sdk, check_revoked=True)["uid"] == user.local_id

    firebase_emulator.revoke(user.local_id, issued_at + 1)

    assert auth.get_user(user.local_id, sdk).tokens_valid_after_timestamp == (issued_at + 1) * 1000
    with pytest.raises(auth.RevokedIdTokenError):
        auth.verify_id_token(user.id_token, sdk, check_revoked=True)


def test_deleted_user_is_gone(firebase_emulator: FirebaseEmulator, sdk: firebase_admin.App) -> None:
    user = firebase_emulator.sign_up("meera@example.org")

    firebase_emulator.delete(user.local_id)

    with pytest.raises(auth.UserNotFoundError):
        auth.get_user(user.local_id, sdk)
    with pytest.raises(httpx.HTTPStatusError):
        firebase_emulator.sign_in("meera@example.org")


def test_every_test_begins_without_users(firebase_emulator: FirebaseEmulator) -> None:
    firebase_emulator.sign_up("meera@example.org")
    firebase_emulator.clear()

    assert firebase_emulator.sign_up("meera@example.org").local_id


@pytest.mark.parametrize("operation", ["lookup", "delete"])
@pytest.mark.parametrize(
    ("authorization", "body"),
    [
        ("Bearer owner", {"localId": ["nobody"]}),
        ("Bearer owner", {"localId": "nobody"}),
        ("Bearer somebody", {"localId": ["nobody"]}),
        ("Basic b3duZXI=", {"localId": "nobody"}),
    ],
)
def test_double_answers_like_the_emulator(
    firebase_emulator: FirebaseEmulator,
    identity_toolkit: IdentityToolkit,
    operation: str,
    authorization: str,
    body: dict[str, object],
) -> None:
    def ask(host: str) -> httpx.Response:
        url = f"http://{host}{PATH}/accounts:{operation}"
        return httpx.post(url, json=body, headers={"Authorization": authorization}, trust_env=False)

    real, double = ask(firebase_emulator.host), ask(identity_toolkit.host)

    assert double.status_code == real.status_code
    assert _what_counts(double) == _what_counts(real)


def _what_counts(response: httpx.Response) -> object:
    """A good answer in full; of an error what firebase-admin looks at, up to the first full stop."""
    error = response.json().get("error")
    return response.json() if error is None else (error["code"], error.get("status"), error["message"].split(".")[0])

"""Keys and local users. Source: rest.md, section 1.3 (AU4)."""

import pytest

from app.auth.api_keys import check_api_key
from app.auth.local import local_identity
from app.errors import AuthInvalidError, AuthMissingError, ValidationFailedError
from app.users.identity import Identity

KEYS = ("first-key", "second-key")


def test_without_keys_anybody_may() -> None:
    check_api_key(None, ())
    check_api_key("whatever", ())


@pytest.mark.parametrize("key", KEYS)
def test_each_key_opens(key: str) -> None:
    check_api_key(key, KEYS)


@pytest.mark.parametrize("key", ["", "first", "first-key ", "FIRST-KEY", "first-key,second-key", "third-key"])
def test_anything_else_does_not(key: str) -> None:
    with pytest.raises(AuthInvalidError) as refused:
        check_api_key(key, KEYS)

    assert refused.value.details == {"scheme": "api_key"}


def test_missing_key_is_told_from_a_wrong_one() -> None:
    with pytest.raises(AuthMissingError) as refused:
        check_api_key(None, KEYS)

    assert refused.value.details == {"scheme": "api_key"}


@pytest.mark.parametrize("name", ["a", "meera.nair", "user_1-2|3", "x" * 128])
def test_name_is_the_external_id(name: str) -> None:
    assert local_identity(name) == Identity(name)


def test_name_with_an_at_sign_is_a_verified_address() -> None:
    name = "meera@clinic.example"

    assert local_identity(name) == Identity(name, email=name, email_verified=True)


def test_nobody_named_is_the_local_developer() -> None:
    assert local_identity(None) == Identity("local-dev")


@pytest.mark.parametrize("name", ["", " ", "a b", "ä", "x" * 129, "a/b", "a\n", "a;b"])
def test_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        local_identity(name)

    assert refused.value.details["fields"][0]["field"] == "X-Local-User-Id"

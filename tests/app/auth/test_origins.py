"""Which requests an open server takes for its own. Source: rest.md, section 1.3 (AU7)."""

from typing import Any

import pytest

from app.auth.origins import check_origin
from app.errors import AuthInvalidError
from app.settings import load_settings


def passes(*, host: str | None, origin: str | None = None, scheme: str = "http", **values: Any) -> bool:
    settings = load_settings(configured_profile="test", **values)
    try:
        check_origin(settings, scheme=scheme, host=host, origin=origin)
    except AuthInvalidError as error:
        return error.details != {"scheme": "origin"}
    return True


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1", "127.0.0.1:8080", "192.168.1.20:8080", "[::1]:8080"],
)
def test_localhost_and_addresses_are_ours(host: str) -> None:
    assert passes(host=host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "[::1",
        "user@localhost@x",
        pytest.param(f"{'user' * 63}@localhost", id="longer than any name"),
    ],
)
def test_foreign_names_are_not(host: str | None) -> None:
    assert not passes(host=host)


def test_configured_names_are_ours() -> None:
    assert passes(host="scryon.example:443", public_base_url="https://Scryon.example/base")
    assert passes(host="box.lan:8080", allowed_hosts=("other.lan", "Box.lan"))
    assert not passes(host="other.example", public_base_url="https://scryon.example", allowed_hosts=("box.lan",))


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("localhost", "http://localhost"),
        ("localhost", "http://localhost:80"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_pages_of_this_server_may(host: str, origin: str) -> None:
    assert passes(host=host, origin=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "http://localhost:3000", "https://localhost:8080", "http://127.0.0.1:8080", "null", "",
        "http://localhost:8080.evil.example", "http://localhost:999999", "file://",
    ],
)  # fmt: skip
def test_other_pages_may_not(origin: str) -> None:
    assert not passes(host="localhost:8080", origin=origin)


def test_configured_pages_may() -> None:
    assert passes(host="localhost:8080", origin="https://app.example", cors_allowed_origins=("https://app.example",))
    assert passes(
        host="scryon.example", origin="https://scryon.example", public_base_url="https://scryon.example", scheme="http"
    )

"""The double of Google's keys says what Google says, and its tokens are what their names promise."""

import threading
import time

import httpx
import jwt
import pytest
from cryptography import x509

from tests.doubles.google_keys import GoogleKeys
from tests.doubles.http_double import Failure
from tests.doubles.id_tokens import (
    ABSENT,
    SigningKey,
    make_claims,
    make_unsigned_token,
    read_token,
    sign_token,
    sign_with_certificate_text,
    tamper_with,
)


def verify(token: str, key: SigningKey) -> dict[str, object]:
    """Verify as a careful server does, with a published certificate."""
    public_key = x509.load_pem_x509_certificate(key.certificate.encode()).public_key()
    claims: dict[str, object] = jwt.decode(
        token,
        public_key,  # type: ignore[arg-type]
        algorithms=["RS256"],
        audience="demo-scryon",
        issuer="https://securetoken.google.com/demo-scryon",
    )
    return claims


def test_certificates_are_a_map_with_a_time_to_live(google_keys: GoogleKeys) -> None:
    google_keys.max_age_seconds = 60

    response = httpx.get(google_keys.url)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    assert response.headers["cache-control"] == "public, max-age=60, must-revalidate, no-transform"
    assert response.json() == {key.kid: key.certificate for key in google_keys.keys}
    assert [request.method for request in google_keys.requests] == ["GET"]


def test_time_to_live_can_be_left_out(google_keys: GoogleKeys) -> None:
    google_keys.max_age_seconds = None

    assert "cache-control" not in httpx.get(google_keys.url).headers


def test_other_addresses_have_nothing(google_keys: GoogleKeys) -> None:
    assert httpx.get(f"http://{google_keys.host}/").status_code == 404
    assert httpx.post(google_keys.url).status_code == 404


def test_rotation_withdraws_the_oldest_key(google_keys: GoogleKeys) -> None:
    before, coming = google_keys.keys, google_keys.unpublished_key

    new = google_keys.rotate()

    assert new == coming == google_keys.key
    assert list(httpx.get(google_keys.url).json()) == [before[1].kid, new.kid]


def test_every_failure_can_be_ended(google_keys: GoogleKeys) -> None:
    google_keys.failure = Failure.SERVER_ERROR
    assert httpx.get(google_keys.url).status_code == 500
    google_keys.failure = Failure.UNAVAILABLE
    assert httpx.get(google_keys.url).status_code == 503
    google_keys.failure = Failure.CLOSED_CONNECTION
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(google_keys.url)
    google_keys.failure = Failure.HTML
    assert httpx.get(google_keys.url).headers["content-type"] == "text/html"
    google_keys.failure = Failure.BROKEN_JSON
    with pytest.raises(ValueError, match="Unterminated string"):
        httpx.get(google_keys.url).json()

    google_keys.failure = None

    assert len(httpx.get(google_keys.url).json()) == 2
    assert len(google_keys.requests) == 6


def test_held_requests_wait_for_their_release(google_keys: GoogleKeys) -> None:
    answers: list[int] = []
    google_keys.hold()
    client = threading.Thread(target=lambda: answers.append(httpx.get(google_keys.url).status_code))
    client.start()
    google_keys.wait_for_requests(1)
    assert answers == []

    google_keys.release()

    client.join(10)
    assert answers == [200]


def test_nobody_answers_after_the_end(google_keys: GoogleKeys) -> None:
    with httpx.Client() as client:
        client.get(google_keys.url)

        google_keys.close()

        with pytest.raises(httpx.ConnectError):
            client.get(google_keys.url)


def test_token_is_what_firebase_issues(google_keys: GoogleKeys) -> None:
    token = google_keys.sign(uid="u-1", issued_seconds_ago=30, signed_in_seconds_ago=90, expires_in_seconds=600)

    header, claims = read_token(token)
    now = time.time()
    assert verify(token, google_keys.key) == claims
    assert header == {"alg": "RS256", "kid": google_keys.key.kid, "typ": "JWT"}
    assert (claims["sub"], claims["user_id"]) == ("u-1", "u-1")
    assert claims["firebase"]["sign_in_provider"] == "google.com"
    assert [claims[name] - now for name in ("iat", "auth_time", "exp")] == pytest.approx([-30, -90, 600], abs=5)


def test_claims_and_header_can_be_left_out(google_keys: GoogleKeys) -> None:
    header, claims = read_token(sign_token(make_claims(sub=ABSENT, email=7), google_keys.key, kid=ABSENT))

    assert header == {"alg": "RS256", "typ": "JWT"}
    assert "sub" not in claims
    assert claims["email"] == 7


def test_forgeries_do_not_verify(google_keys: GoogleKeys) -> None:
    key, claims = google_keys.key, make_claims()
    forged = {
        "unsigned": make_unsigned_token(claims, kid=key.kid),
        "confused": sign_with_certificate_text(claims, key),
        "tampered": tamper_with(sign_token(claims, key), sub="somebody-else"),
        "foreign": sign_token(claims, google_keys.unpublished_key, kid=key.kid),
    }

    headers = {name: read_token(token)[0] for name, token in forged.items()}
    assert {name: header["alg"] for name, header in headers.items()} == {
        "unsigned": "none",
        "confused": "HS256",
        "tampered": "RS256",
        "foreign": "RS256",
    }
    assert {header["kid"] for header in headers.values()} == {key.kid}
    assert read_token(forged["tampered"])[1]["sub"] == "somebody-else"
    for token in forged.values():
        with pytest.raises(jwt.InvalidTokenError):
            verify(token, key)


def test_confused_token_verifies_for_who_takes_the_certificate_as_a_secret(google_keys: GoogleKeys) -> None:
    token = sign_with_certificate_text(make_claims(), google_keys.key)

    text, _, signature = token.rpartition(".")
    hs256 = jwt.get_algorithm_by_name("HS256")
    secret = google_keys.key.certificate.encode()
    assert hs256.verify(text.encode(), secret, jwt.utils.base64url_decode(signature))

"""Signed addresses of callbacks. Source: pipeline.md, section 5; rest.md, sections 3.13 and 6 (T20)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from app.errors import WebhookSignatureInvalidError
from app.pipeline.callback_urls import read_callback_query, write_callback_url
from tests.callbacks import SECRET, sign, signed

CALL_ID = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
EXPIRES_AT = 1_770_629_690
IN_TIME = datetime.fromtimestamp(EXPIRES_AT, UTC)
QUERY = f"callId={CALL_ID}&exp={EXPIRES_AT}"
SIGNATURE = sign(QUERY)


def read(query: str, now: datetime = IN_TIME) -> UUID:
    return read_callback_query(SECRET, query.encode(), now)


@pytest.mark.parametrize("base_url", ["https://scryon.example", "https://scryon.example/"])
def test_address_has_the_form_that_providers_are_told(base_url: str) -> None:
    url = write_callback_url(base_url, SECRET, CALL_ID, EXPIRES_AT)

    assert url == f"https://scryon.example/api/webhooks/lemonfox?{QUERY}&sig={SIGNATURE}"


def test_address_is_read_back_until_its_last_second_is_over() -> None:
    query = urlsplit(write_callback_url("https://scryon.example", SECRET, CALL_ID, EXPIRES_AT)).query

    assert read(query) == CALL_ID
    with pytest.raises(WebhookSignatureInvalidError):
        read(query, IN_TIME + timedelta(milliseconds=1))
    with pytest.raises(WebhookSignatureInvalidError):
        read(query, IN_TIME + timedelta(seconds=1))


@pytest.mark.parametrize(
    "query",
    [
        f"sig={SIGNATURE}&{QUERY}",
        f"callId={CALL_ID}&sig={SIGNATURE}&exp={EXPIRES_AT}",
        signed(f"exp={EXPIRES_AT}&callId={CALL_ID}"),
        signed(f"{QUERY}&job=1"),
        signed(f"{QUERY}&"),
        signed(f"callId={str(CALL_ID).upper()}&exp={EXPIRES_AT}"),
    ],
    ids=["sig first", "sig in the middle", "re-ordered", "with another", "with an empty one", "upper-case id"],
)
def test_signature_holds_wherever_it_stands_and_over_any_order(query: str) -> None:
    assert read(query) == CALL_ID


FLIPPED = SIGNATURE[:-1] + f"{int(SIGNATURE[-1], 16) ^ 1:x}"
BAD_QUERIES = {
    "nothing": "",
    "no sig": QUERY,
    "empty sig": f"{QUERY}&sig=",
    "no callId": signed(f"exp={EXPIRES_AT}"),
    "no exp": signed(f"callId={CALL_ID}"),
    "sig twice": f"{QUERY}&sig={SIGNATURE}&sig={SIGNATURE}",
    "callId twice": signed(f"{QUERY}&callId={CALL_ID}"),
    "exp twice": signed(f"{QUERY}&exp={EXPIRES_AT}"),
    "one bit": f"{QUERY}&sig={FLIPPED}",
    "upper-case sig": f"{QUERY}&sig={SIGNATURE.upper()}",
    "short sig": f"{QUERY}&sig={SIGNATURE[:-1]}",
    "sig that is no text": f"{QUERY}&sig=\u00e9",
    "other secret": signed(QUERY, "f" * 32),
    "other call": f"callId=1b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3&exp={EXPIRES_AT}&sig={SIGNATURE}",
    "longer": f"callId={CALL_ID}&exp={EXPIRES_AT + 600}&sig={SIGNATURE}",
    "re-ordered": f"exp={EXPIRES_AT}&callId={CALL_ID}&sig={SIGNATURE}",
    "encoded anew": f"callId={str(CALL_ID).replace('-', '%2D')}&exp={EXPIRES_AT}&sig={SIGNATURE}",
    "callId that is none": signed(f"callId={CALL_ID.hex}&exp={EXPIRES_AT}"),
    "exp that is none": signed(f"callId={CALL_ID}&exp={EXPIRES_AT}.0"),
    "negative exp": signed(f"callId={CALL_ID}&exp=-1"),
}


@pytest.mark.parametrize("query", BAD_QUERIES.values(), ids=BAD_QUERIES)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(WebhookSignatureInvalidError):
        read(query)


@pytest.mark.parametrize("secret", [None, "", "f" * 31])
def test_nothing_is_accepted_without_a_secret_of_full_length(secret: str | None) -> None:
    query = signed(QUERY, secret or "")

    with pytest.raises(WebhookSignatureInvalidError):
        read_callback_query(secret, query.encode(), IN_TIME)

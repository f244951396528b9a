"""What reaches Google, and what becomes of each of its answers. Source: providers.md, section 4.4."""

import asyncio
import warnings
from typing import Any
from uuid import UUID

import pytest

from app.calls.models import CallStatus
from app.observability.logging import configure_logging
from app.push.messages import build_data
from app.push.sender import PushOutcome, PushSender, open_push
from app.settings import load_settings
from tests.app.push.conftest import DEADLINE_SECONDS, TOKEN, send_one
from tests.doubles.fcm import CLIENT_EMAIL, Fcm, Refusal
from tests.doubles.http_double import Answer, Cut, Failure
from tests.doubles.id_tokens import PROJECT_ID, signing_key

DATA = {"callId": "7d1f", "status": "COMPLETED", "title": "Call ready", "body": "…"}
ACCOUNT = {"firebase_client_email": CLIENT_EMAIL, "firebase_private_key": signing_key(0).private_pem}


@pytest.mark.parametrize(
    ("status", "title", "body"),
    [
        (CallStatus.COMPLETED, "Call ready", "Transcript and analysis of your call are ready."),
        (CallStatus.FAILED, "Call not processed", "Your call could not be processed."),
    ],
)
def test_data_holds_nothing_of_the_call_but_its_id(status: CallStatus, title: str, body: str) -> None:
    assert build_data(UUID(int=7), status) == {
        "callId": "00000000-0000-0000-0000-000000000007",
        "status": status.value,
        "title": title,
        "body": body,
    }


async def test_message_is_data_of_high_priority_for_an_hour(sender: PushSender, google: Fcm) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        outcome = await send_one(sender, DATA)

    assert outcome is PushOutcome.SENT
    assert google.messages == [{"token": TOKEN, "data": DATA, "android": {"priority": "high", "ttl": "3600s"}}]


@pytest.mark.parametrize(
    ("refusal", "outcome", "sends"),
    [
        (Refusal.UNREGISTERED, PushOutcome.TOKEN_DEAD, 1),
        (Refusal.SENDER_ID_MISMATCH, PushOutcome.TOKEN_DEAD, 1),
        (Refusal.TOKEN_NAMED, PushOutcome.TOKEN_DEAD, 1),
        (Refusal.TOKEN_IN_TEXT, PushOutcome.TOKEN_DEAD, 1),
        (Refusal.OTHER_ARGUMENT, PushOutcome.FAILED, 1),
        (Refusal.NOT_FOUND, PushOutcome.FAILED, 1),
        (Refusal.PERMISSION_DENIED, PushOutcome.FAILED, 1),
        (Refusal.QUOTA_EXCEEDED, PushOutcome.FAILED, 1),
        (Refusal.BAD_GATEWAY, PushOutcome.FAILED, 1),
        # google-auth gets a new bearer twice after a 401.
        (Refusal.THIRD_PARTY_AUTH_ERROR, PushOutcome.FAILED, 3),
        (Refusal.UNAVAILABLE, PushOutcome.FAILED, 3),
        (Refusal.INTERNAL, PushOutcome.FAILED, 3),
    ],
)
async def test_refusals_mean_what_they_say(
    sender: PushSender, google: Fcm, refusal: Refusal, outcome: PushOutcome, sends: int
) -> None:
    google.refusal = refusal

    assert await send_one(sender, DATA) is outcome

    assert (google.sends, google.messages) == (sends, [])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(400, b'{"error":{"status":"INVALID_ARGUMENT"}}'), PushOutcome.FAILED),
        (Answer(400, b'{"error":{"status":"INVALID_ARGUMENT","details":[7]}}'), PushOutcome.FAILED),
        (Answer(400, b'{"error":"registration token"}'), PushOutcome.FAILED),
        (Answer(400, b"registration token", content_type="text/html"), PushOutcome.FAILED),
        (Answer(404, b'{"error":{"status":"UNREGISTERED"}}'), PushOutcome.FAILED),
        (Answer(502, b"\xff\xfe"), PushOutcome.FAILED),
        (Answer(200, b"{}"), PushOutcome.FAILED),
        (Answer(200, b"[]"), PushOutcome.FAILED),
    ],
)
async def test_answers_that_google_does_not_give_leave_the_token_alone(
    sender: PushSender, google: Fcm, answer: Answer, outcome: PushOutcome
) -> None:
    google.upcoming.append(answer)

    assert await send_one(sender, DATA) is outcome

    assert google.sends == 1


@pytest.mark.parametrize("refusal", [Refusal.QUOTA_EXCEEDED, Refusal.UNAVAILABLE])
async def test_nobody_sleeps_for_as_long_as_google_says(sender: PushSender, google: Fcm, refusal: Refusal) -> None:
    google.refusal, google.retry_after_seconds = refusal, 3600

    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await send_one(sender, DATA) is PushOutcome.FAILED


async def test_short_outage_is_bridged(sender: PushSender, google: Fcm) -> None:
    google.upcoming.extend([Failure.UNAVAILABLE, Failure.SERVER_ERROR])

    assert await send_one(sender, DATA) is PushOutcome.SENT

    assert (google.sends, len(google.messages)) == (3, 1)


@pytest.mark.parametrize("failure", [Failure.CLOSED_CONNECTION, Failure.HTML, Failure.BROKEN_JSON, Cut.RESET])
async def test_message_that_may_have_gone_out_is_not_repeated(
    sender: PushSender, google: Fcm, failure: Failure | Cut
) -> None:
    google.upcoming.append(failure)

    assert await send_one(sender, DATA) is PushOutcome.FAILED

    assert google.sends == 1


async def test_nothing_is_sent_without_a_bearer(fcm: Fcm) -> None:
    sender = PushSender(PROJECT_ID, fcm.service_account)
    fcm.upcoming.extend([Failure.CLOSED_CONNECTION, Failure.HTML, Failure.BROKEN_JSON, Answer(400, b"{}")])

    outcomes = [await send_one(sender, DATA) for _ in range(5)]

    await sender.close()
    assert outcomes == [*[PushOutcome.FAILED] * 4, PushOutcome.SENT]
    assert (fcm.grants, fcm.sends) == (5, 1)


async def test_foreign_key_is_a_failure_like_others(fcm: Fcm) -> None:
    sender = PushSender(PROJECT_ID, {**fcm.service_account, "private_key": signing_key(1).private_pem})

    assert await send_one(sender, DATA) is PushOutcome.FAILED

    await sender.close()
    assert (fcm.grants, fcm.sends) == (1, 0)


async def test_google_that_says_nothing_is_given_up(fcm: Fcm) -> None:
    sender = PushSender(PROJECT_ID, fcm.service_account, timeout_seconds=0.1)
    fcm.hold()

    assert await send_one(sender, DATA) is PushOutcome.FAILED

    fcm.release()
    await sender.close()


async def test_google_that_speaks_too_slowly_is_given_up(fcm: Fcm) -> None:
    sender = PushSender(PROJECT_ID, fcm.service_account, deadline_seconds=0.5)
    fcm.failure = Cut.DRIP

    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await send_one(sender, DATA) is PushOutcome.FAILED

    fcm.close()
    await sender.close()


async def test_google_that_hangs_takes_no_threads_of_others(sender: PushSender, google: Fcm) -> None:
    google.hold()
    sending = [asyncio.create_task(send_one(sender, DATA)) for _ in range(20)]
    await asyncio.to_thread(google.wait_for_requests, 1)

    assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), DEADLINE_SECONDS) == "done"

    google.release()
    assert set(await asyncio.gather(*sending)) == {PushOutcome.SENT}


async def test_account_that_is_none_stops_the_start() -> None:
    with pytest.raises(ValueError, match="certificate"):
        PushSender(PROJECT_ID, {"type": "service_account"})


@pytest.mark.parametrize(
    ("values", "opens"),
    [
        ({}, False),
        ({"firebase_project_id": PROJECT_ID}, False),
        (ACCOUNT, False),
        ({"firebase_project_id": PROJECT_ID, **ACCOUNT}, True),
    ],
    ids=["nothing", "project", "account", "both"],
)
async def test_only_a_project_with_a_service_account_has_a_sender(values: dict[str, Any], opens: bool) -> None:
    settings = load_settings(configured_profile="test", **values)

    async with open_push(settings) as opened:
        assert (opened is not None) is opens

    assert settings.sends_pushes is opens


@pytest.mark.parametrize("refusal", [None, Refusal.TOKEN_IN_TEXT, Refusal.UNAVAILABLE, Refusal.THIRD_PARTY_AUTH_ERROR])
async def test_no_log_line_holds_token_bearer_or_key(
    sender: PushSender, google: Fcm, refusal: Refusal | None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(load_settings(log_level="DEBUG"))
    google.refusal = refusal

    await send_one(sender, DATA)

    configure_logging(load_settings(log_level="ERROR"))
    told = capsys.readouterr().err
    assert [line.split()[2] for line in told.splitlines()] == [
        "event=push_sent" if refusal is None else "event=push_not_sent"
    ]
    secrets = ("zebra", "ya29", "messages:send", "Call ready", "registration token", "PRIVATE KEY", CLIENT_EMAIL)
    assert [secret for secret in secrets if secret.lower() in told.lower()] == []

"""A sender that leads to a double, without patience, for many tests: each one takes the SDK a while to make."""

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from app.push.sender import PushOutcome, PushSender
from tests.doubles.fcm import Fcm
from tests.doubles.id_tokens import PROJECT_ID

TOKEN = "zebra-device:APA91b"
DEADLINE_SECONDS = 10


async def send_one(sender: PushSender, data: Mapping[str, str]) -> PushOutcome:
    async with sender.turn() as send:
        return await send(TOKEN, data)


@pytest.fixture(scope="session")
def shared_google() -> Iterator[Fcm]:
    with Fcm() as double:
        yield double


@pytest.fixture(scope="session")
async def sender(shared_google: Fcm) -> AsyncIterator[PushSender]:
    """Has its bearer already, so that a message is one request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("firebase_admin.messaging._MessagingService.FCM_URL", shared_google.fcm_url)
        opened = PushSender(PROJECT_ID, shared_google.service_account, back_off_seconds=0.001)
    await send_one(opened, {})
    yield opened
    await opened.close()


@pytest.fixture
def google(shared_google: Fcm, sender: PushSender) -> Iterator[Fcm]:
    """The double that the sender leads to, as if it were new."""
    shared_google.messages.clear()
    shared_google.requests.clear()
    yield shared_google
    shared_google.refusal = shared_google.retry_after_seconds = shared_google.failure = None
    shared_google.upcoming.clear()
    shared_google.release()

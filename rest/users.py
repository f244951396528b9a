"""The account, its figures and what it agreed to. Source: rest.md, sections 2.12 to 2.15 and 3.9."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from app.errors import StorageUnavailableError
from app.text import MAX_CONSENT_VERSION_CHARS, MAX_DISPLAY_NAME_CHARS, MAX_FCM_TOKEN_CHARS
from rest.caller import Changing, SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import Input, Text

router = APIRouter(prefix="/api/users/me", route_class=Endpoint)

Version = Annotated[str, Text(MAX_CONSENT_VERSION_CHARS, min_chars=1)]


class UpdateMeBody(Input):
    """Null and missing leave a value alone."""

    displayName: Annotated[str, Text(MAX_DISPLAY_NAME_CHARS)] | None = Field(
        None, description="The name that speakers are compared with; empty clears it."
    )
    fcmToken: Annotated[str, Text(MAX_FCM_TOKEN_CHARS)] | None = Field(
        None, description="Push token of the device, taken from any other account; empty removes it."
    )
    plansIntroShown: bool | None = Field(None, description="`true` stamps `plansIntroShownAt` once.")


class ConsentBody(Input):
    """Null and missing leave a value alone; the version that is stored already keeps its time."""

    privacyPolicyVersion: Version | None = Field(None, description="The version that is accepted now.")
    termsVersion: Version | None = Field(None, description="The version that is accepted now.")
    callRecordingDisclaimerVersion: Version | None = Field(None, description="The version that is accepted now.")
    marketingOptIn: bool | None = Field(None, description="Whether news may be sent.")


@router.get("")
@documented(Documentation("getMe", answers=("GetMe",)))
async def get_me(caller: SignedIn) -> Response:
    """Show the account."""
    return await caller.answer("GetMe", {})


@router.patch("")
@documented(Documentation("updateMe", answers=("UpdateMe",), body=UpdateMeBody, changes=True))
async def update_me(caller: Changing) -> Response:
    """Change the account."""
    body = await caller.read_json(UpdateMeBody)
    return await caller.change("UpdateMe", {"input": body.model_dump()})


@router.delete("")
@documented(Documentation("deleteMe", status=204, errors=(StorageUnavailableError,), changes=True))
async def delete_me(caller: Changing) -> Response:
    """Delete the account with all that it owns; the next sign-in starts a new one."""
    return await caller.change("DeleteMe", {}, status=204)


@router.get("/stats")
@documented(Documentation("getStats", answers=("GetStats",)))
async def get_stats(caller: SignedIn) -> Response:
    """Show figures about calls and action items."""
    return await caller.answer("GetStats", {})


@router.patch("/consent")
@documented(Documentation("updateConsent", answers=("UpdateConsent",), body=ConsentBody, changes=True))
async def update_consent(caller: Changing) -> Response:
    """Write down what the user agrees to."""
    body = await caller.read_json(ConsentBody)
    return await caller.change("UpdateConsent", {"input": body.model_dump()})

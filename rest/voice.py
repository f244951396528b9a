"""The user's voice profile; only its removal works in this version. Source: rest.md, sections 2.16 to 2.18."""

from typing import Any

from fastapi import APIRouter, Response

from app.errors import FeatureNotAvailableError
from rest.caller import Changing, SignedIn
from rest.documentation import Documentation, documented

router = APIRouter(prefix="/api/users/me/voice-profile")


def _form_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "A recording of the user's voice."},
            "consentAccepted": {"type": "string", "description": "If sent, `true`: the user agrees to the processing."},
        },
        "required": ["file"],
    }


@router.post("")
@documented(
    Documentation(
        "putVoiceProfile",
        status=201,
        answers=("PutVoiceProfile",),
        form=_form_schema,
        location=True,
        errors=(FeatureNotAvailableError,),
        changes=True,
    )
)
async def put_voice_profile(caller: SignedIn) -> Response:
    """Make or replace the voice profile; not available in this version."""
    # Whether the feature is on is asked before the key and the body are looked at (rest.md 1.4, step 8). It never is.
    return await caller.answer("GetVoiceProfileStatus", {})


@router.get("/status")
@documented(
    Documentation("getVoiceProfileStatus", answers=("GetVoiceProfileStatus",), errors=(FeatureNotAvailableError,))
)
async def get_voice_profile_status(caller: SignedIn) -> Response:
    """Say whether there is a voice profile; not available in this version."""
    return await caller.answer("GetVoiceProfileStatus", {})


@router.delete("")
@documented(Documentation("deleteVoiceProfile", status=204, changes=True))
async def delete_voice_profile(caller: Changing) -> Response:
    """Remove the voice profile, if there is one; works whether or not the feature is available."""
    return await caller.change("DeleteVoiceProfile", {}, status=204)

"""The user's voice profile. Source: rest.md, sections 2.16 to 2.18."""

from typing import Any

from fastapi import APIRouter, Response

from app.errors import (
    FeatureNotAvailableError,
    UnsupportedMediaTypeError,
    ValidationFailedError,
    VoiceConsentRequiredError,
    VoiceProviderError,
    VoiceSampleTooLargeError,
    VoiceSampleTooLongError,
    VoiceSampleTooShortError,
)
from app.uploads.receiving import MAX_PARTS
from rest.caller import Changing, Sampling, SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint

router = APIRouter(prefix="/api/users/me/voice-profile", route_class=Endpoint)


def _form_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "A recording of the user's voice alone, of 15 to 45 s and up to 10 MB.",
            },
            "consentAccepted": {
                "type": "string",
                "pattern": "^[Tt][Rr][Uu][Ee]$",
                "description": "If sent, `true`: the user agrees to the processing.",
            },
        },
        "required": ["file"],
        # As for recordings of calls.
        "additionalProperties": {"type": "string"},
        "maxProperties": MAX_PARTS,
    }


@router.post("")
@documented(
    Documentation(
        "putVoiceProfile",
        status=201,
        answers=("PutVoiceProfile",),
        form=_form_schema,
        location=True,
        errors=(
            FeatureNotAvailableError,
            ValidationFailedError,
            VoiceConsentRequiredError,
            VoiceSampleTooShortError,
            VoiceSampleTooLongError,
            VoiceSampleTooLargeError,
            UnsupportedMediaTypeError,
            VoiceProviderError,
        ),
        changes=True,
    )
)
async def put_voice_profile(caller: Sampling) -> Response:
    """Make the voice profile of a sample, in the place of an earlier one; the sample is not kept."""
    form = await caller.receive_sample()
    return await caller.change(
        "PutVoiceProfile",
        {"file": form.sample, "consentAccepted": form.has_consent},
        status=201,
        locate=lambda _: f"{router.prefix}/status",
    )


@router.get("/status")
@documented(
    Documentation("getVoiceProfileStatus", answers=("GetVoiceProfileStatus",), errors=(FeatureNotAvailableError,))
)
async def get_voice_profile_status(caller: SignedIn) -> Response:
    """Say whether there is a voice profile; not available while the feature is off."""
    return await caller.answer("GetVoiceProfileStatus", {})


@router.delete("")
@documented(Documentation("deleteVoiceProfile", status=204, changes=True))
async def delete_voice_profile(caller: Changing) -> Response:
    """Remove the voice profile, if there is one; works whether or not the feature is available."""
    return await caller.change("DeleteVoiceProfile", {}, status=204)

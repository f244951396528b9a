"""Where objects live: keys of UUIDs and fixed words only. Source: pipeline.md, section 3.1."""

import re
from uuid import UUID

from app.calls.models import ArtifactType

_UUID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_IN_CALL_PREFIX = re.compile(rf"users/{_UUID}/calls/{_UUID}/")
_SUFFIXES = {
    ArtifactType.DIARIZATION_JSON: "diarization/diarization.json",
    ArtifactType.DIARIZATION_RESULT_STATE: "diarization/state.json",
    ArtifactType.RAW_TRANSCRIPT_JSON: "transcripts/raw.json",
    ArtifactType.NORMALIZED_TRANSCRIPT_JSON: "transcripts/normalized.json",
    ArtifactType.ANALYSIS_JSON: "analysis/analysis.json",
}


def user_prefix(user_id: UUID) -> str:
    """The folder of everything of a user, with a trailing slash."""
    return f"users/{user_id}/"


def call_prefix(user_id: UUID, call_id: UUID) -> str:
    """The folder of one call, with a trailing slash, so that no other call's keys begin with it."""
    return f"{user_prefix(user_id)}calls/{call_id}/"


def parse_call_prefix(key: str) -> tuple[UUID, UUID] | None:
    """The ids of user and call whose folder a key lies in; None for a key that is not one of ours."""
    match = _IN_CALL_PREFIX.match(key)
    return None if match is None else (UUID(match[1]), UUID(match[2]))


def audio_key(user_id: UUID, call_id: UUID, extension: str) -> str:
    """Where the recording waits until the call is finished; `extension` comes from content sniffing."""
    return f"{call_prefix(user_id, call_id)}temp/audio.{extension}"


def document_key(user_id: UUID, call_id: UUID, artifact_type: ArtifactType) -> str:
    """Where a JSON artifact lives. Raises KeyError for TEMP_AUDIO, whose key has an extension."""
    return call_prefix(user_id, call_id) + _SUFFIXES[artifact_type]

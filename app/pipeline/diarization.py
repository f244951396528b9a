"""Who spoke when, who found that out, and how it is stored. Source: pipeline.md, section 3.1, A4 and A5."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.audio.recording import PreparedAudio
from app.pipeline.failures import DiarizationFallback
from app.pipeline.speech import Turn
from app.providers.protocols import JobTicket
from app.providers.pyannote.answers import read_job_turns

PROVIDER_NONE = "none"
DUAL_CHANNEL = "dual_channel"
PYANNOTE = "pyannote"
PYANNOTE_FALLBACK = "pyannote-fallback"
STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Diarization:
    """The turns of a call and the engine behind them; no turns mean that the transcription's own labels count."""

    provider: str
    model: str | None
    turns: tuple[Turn, ...]


NO_DIARIZATION = Diarization(PROVIDER_NONE, None, ())


@dataclass(frozen=True, slots=True)
class StoredState:
    """What an earlier run knew: a `ticket` for a job that may still run, or else a `diarization`."""

    diarization: Diarization
    duration_seconds: float | None
    ticket: JobTicket | None


def read_state(content: bytes) -> StoredState:
    """Read a DIARIZATION_RESULT_STATE.

    Raises:
        KeyError: it is none.
    """
    document = orjson.loads(content)
    ticket = JobTicket(document["jobId"], document["mediaKey"]) if document.get("pending") else None
    return StoredState(read_diarization(document), document.get("durationSeconds"), ticket)


def read_diarization(document: Mapping[str, Any]) -> Diarization:
    """Read a DIARIZATION_RESULT_STATE, or a DIARIZATION_JSON: of our own shape, or the answer of pyannoteAI.

    Raises:
        KeyError: it is none of them.
    """
    if "output" in document:
        return Diarization(PYANNOTE, None, read_job_turns(document))
    turns = tuple(Turn(turn["start"], turn["end"], turn["speaker"]) for turn in document["turns"])
    return Diarization(document["provider"], document.get("model"), turns)


def write_state(
    diarization: Diarization,
    audio: PreparedAudio,
    *,
    fallback: DiarizationFallback | None = None,
    ticket: JobTicket | None = None,
) -> bytes:
    """DIARIZATION_RESULT_STATE; with a `ticket` it says that the job is still to be asked for."""
    document: dict[str, Any] = {
        "version": STATE_VERSION,
        "provider": diarization.provider,
        "model": diarization.model,
        "channelMode": audio.channel_mode,
        "durationSeconds": audio.duration_seconds,
        "turns": _rows(diarization.turns),
    }
    if fallback is not None:
        document["fallbackReason"] = fallback
    if ticket is not None:
        document |= {"pending": True, "jobId": ticket.job_id, "mediaKey": ticket.media_key}
    return orjson.dumps(document)


def write_turns(provider: str, turns: Sequence[Turn]) -> bytes:
    """DIARIZATION_JSON for turns of our own making (A4)."""
    return orjson.dumps({"provider": provider, "turns": _rows(turns)})


def _rows(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    return [{"start": turn.start_seconds, "end": turn.end_seconds, "speaker": turn.speaker} for turn in turns]

"""How turns are stored and read again. Source: pipeline.md, section 3.1, A4 and A5."""

import orjson

from app.audio.recording import ChannelMode, PreparedAudio
from app.pipeline.diarization import Diarization, StoredState, read_diarization, read_state, write_state, write_turns
from app.pipeline.failures import DiarizationFallback
from app.pipeline.speech import Turn
from app.providers.protocols import JobTicket

AUDIO = PreparedAudio(8.0, ChannelMode.MONO, transcription=b"", diarization=b"")
TURNS = (Turn(0.5, 2.25, "SPEAKER_00"), Turn(2.0, 3.0, "SPEAKER_01"))
ROWS = [
    {"start": 0.5, "end": 2.25, "speaker": "SPEAKER_00"},
    {"start": 2.0, "end": 3.0, "speaker": "SPEAKER_01"},
]


def test_turns_of_our_own_are_stored_and_read_back() -> None:
    content = write_turns("local", TURNS)

    assert orjson.loads(content) == {"provider": "local", "turns": ROWS}
    assert read_diarization(orjson.loads(content)) == Diarization("local", None, TURNS)


def test_answer_of_a_provider_is_read_as_it_was_stored() -> None:
    job = {
        "jobId": "3f0c0c1e",
        "status": "succeeded",
        "output": {"diarization": [ROWS[1], {"start": "x", "end": 1, "speaker": "SPEAKER_00"}, ROWS[0], None]},
    }

    assert read_diarization(job) == Diarization("pyannote", None, TURNS)


def test_state_of_a_finished_stage_is_read_back() -> None:
    content = write_state(Diarization("pyannote", "precision-2", TURNS), AUDIO)

    assert orjson.loads(content) == {
        "version": 1,
        "provider": "pyannote",
        "model": "precision-2",
        "channelMode": "mono",
        "durationSeconds": 8.0,
        "turns": ROWS,
    }
    assert read_state(content) == StoredState(Diarization("pyannote", "precision-2", TURNS), 8.0, None)


def test_state_of_a_job_that_runs_holds_its_ticket() -> None:
    ticket = JobTicket("3f0c0c1e", "scryon-1-2")

    content = write_state(Diarization("pyannote", "precision-2", ()), AUDIO, ticket=ticket)

    stored = orjson.loads(content)
    assert (stored["pending"], stored["jobId"], stored["mediaKey"]) == (True, "3f0c0c1e", "scryon-1-2")
    assert read_state(content).ticket == ticket


def test_state_after_a_failure_says_why() -> None:
    content = write_state(Diarization("pyannote-fallback", None, ()), AUDIO, fallback=DiarizationFallback.HTTP_4XX)

    assert orjson.loads(content)["fallbackReason"] == "http_4xx"
    assert read_state(content) == StoredState(Diarization("pyannote-fallback", None, ()), 8.0, None)

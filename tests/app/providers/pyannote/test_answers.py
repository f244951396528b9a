"""What is read from answers of pyannoteAI, most of which is not promised. Source: providers.md, sections 2.4 and 6."""

from typing import Any

import pytest

from app.pipeline.speech import Turn
from app.providers.protocols import VoiceInterval
from app.providers.pyannote.answers import read_job_turns, read_voice_intervals, read_voiceprint

TURNS: list[dict[str, Any]] = [
    {"speaker": "SPEAKER_00", "start": 0.2, "end": 2},
    {"speaker": "SPEAKER_01", "start": 1.9, "end": 4.4},
]
IDENTIFIED: list[dict[str, Any]] = [
    {"speaker": "v1", "diarizationSpeaker": "SPEAKER_00", "match": "v1", "start": 0.2, "end": 2},
    {"speaker": "SPEAKER_01", "diarizationSpeaker": "SPEAKER_01", "match": None, "start": 1.9, "end": 4.4},
]
SCORES: list[dict[str, Any]] = [
    {"speaker": "SPEAKER_00", "match": "v1", "confidence": {"v1": 87}},
    {"speaker": "SPEAKER_01", "match": None, "confidence": {"v1": 9.5}},
]
INTERVALS = (VoiceInterval(0.2, 2.0, 0.87), VoiceInterval(1.9, 4.4, 0.095))


def job(**output: Any) -> dict[str, Any]:
    return {"jobId": "3f0c0c1e", "status": "succeeded", "output": output}


def test_turns_are_sorted_and_keep_what_they_say() -> None:
    turns = read_job_turns(job(diarization=[TURNS[1], {"speaker": " A ", "start": 3, "end": 1}, TURNS[0]]))

    assert turns == (Turn(0.2, 2.0, "SPEAKER_00"), Turn(1.9, 4.4, "SPEAKER_01"), Turn(3.0, 1.0, "A"))


@pytest.mark.parametrize("output", [None, [], {}, {"diarization": None}, {"diarization": {}}, {"diarization": [7]}])
def test_answer_without_turns_has_none(output: object) -> None:
    assert read_job_turns({"output": output}) == ()


@pytest.mark.parametrize(
    "output",
    [
        {"diarization": TURNS, "voiceprints": SCORES},
        {"identification": IDENTIFIED, "voiceprints": SCORES},
        {"diarization": TURNS, "identification": IDENTIFIED, "voiceprints": SCORES},
        {"diarization": TURNS[::-1], "voiceprints": SCORES[::-1]},
        {"diarization": TURNS, "voiceprints": [{**row, "match": "generic"} for row in SCORES]},
        {"diarization": TURNS, "voiceprints": [{**SCORES[0], "match": None}, {**SCORES[1], "new": 1}, None, {}]},
    ],
    ids=["diarization", "identification", "both", "other order", "generic match", "odd rows"],
)
def test_each_turn_has_its_speakers_score(output: dict[str, Any]) -> None:
    assert read_voice_intervals(job(**output), "v1") == INTERVALS


@pytest.mark.parametrize("confidence", [None, {}, {"v2": 50}, {"v1": None}, {"v1": "87"}, {"v1": True}])
def test_speaker_without_a_score_is_left_out(confidence: object) -> None:
    rows = [SCORES[0], {**SCORES[1], "confidence": confidence}]

    assert read_voice_intervals(job(diarization=TURNS, voiceprints=rows), "v1") == INTERVALS[:1]


@pytest.mark.parametrize(("told", "score"), [(0, 0.0), (100, 1.0), (100.4, 1.0), (-1, 0.0)])
def test_scores_lie_between_nothing_and_one(told: float, score: float) -> None:
    rows = [{"speaker": "SPEAKER_00", "confidence": {"v1": told}}]

    assert read_voice_intervals(job(diarization=TURNS, voiceprints=rows), "v1") == (VoiceInterval(0.2, 2.0, score),)


def test_interval_never_ends_before_it_starts() -> None:
    turns = [TURNS[1], {"speaker": "SPEAKER_00", "start": 2.0, "end": 0.2}]

    assert read_voice_intervals(job(diarization=turns, voiceprints=SCORES), "v1") == INTERVALS


def test_silence_has_no_intervals() -> None:
    assert read_voice_intervals(job(diarization=[], identification=[], voiceprints=[]), "v1") == ()


@pytest.mark.parametrize("output", [{}, {"diarization": TURNS}, {"diarization": TURNS, "voiceprints": {}}])
def test_answer_without_scores_is_told_from_one_without_matches(output: dict[str, Any]) -> None:
    assert read_voice_intervals(job(**output), "v1") is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [({"voiceprint": "AAAA"}, "AAAA"), ({"voiceprint": ""}, None), ({"voiceprint": 7}, None), ({}, None), (None, None)],
)
def test_voiceprint_is_a_text(output: object, expected: str | None) -> None:
    assert read_voiceprint({"output": output}) == expected

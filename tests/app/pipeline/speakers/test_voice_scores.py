"""Scores of speakers and their outcome. Source: transcript.md, section 5.12."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.speakers.voice_scores import (
    Thresholds,
    VoiceMatch,
    VoiceMatchStatus,
    apply_match,
    find_match,
    note_status,
    score_speakers,
)
from app.pipeline.speech import Turn
from app.pipeline.transcript import SpeakerResolution, Transcript
from app.providers.protocols import VoiceInterval
from tests.app.pipeline.speakers.conversations import NOTHING, conversation, described

THRESHOLDS = Thresholds(medium=0.75, high=0.85)
A, B = "SPEAKER_00", "SPEAKER_01"
CALL = conversation((1, "So it is."), (2, "I see."), (1, "Good."))

TURNS = (Turn(0.0, 2.0, "A"), Turn(2.5, 5.0, "B"), Turn(5.5, 8.0, "A"))
"""Of an engine that has names of its own for speakers."""


def matched(scores: dict[str, float], call: Transcript = CALL) -> tuple[VoiceMatch, Transcript]:
    match = find_match(call, scores, THRESHOLDS)
    return match, apply_match(call, match, THRESHOLDS)


@pytest.mark.parametrize(
    ("scores", "status", "confidence"),
    [
        ({A: 0.85, B: 0.31}, "MATCHED", "HIGH"),
        ({A: 0.75, B: 0.74}, "MATCHED", "MEDIUM"),
        ({A: 0.97, B: 0.76}, "AMBIGUOUS", None),
        ({A: 0.97, B: 0.75}, "AMBIGUOUS", None),
        ({A: 0.749}, "NO_MATCH", None),
        ({A: 0.7499996, B: 0.1}, "NO_MATCH", None),
        ({A: 0.8499}, "MATCHED", "MEDIUM"),
    ],
)
def test_examples_of_the_specification(scores: dict[str, float], status: str, confidence: str | None) -> None:
    match, call = matched(scores)

    expected = ("USER", None, confidence, "VOICE_EMBEDDING") if confidence else NOTHING
    assert (match.status, match.best, match.score) == (status, A, scores[A])
    assert described(call, 1) == expected
    assert described(call, 2) == NOTHING
    assert (call.speakers[0].voice_match_score, call.speakers[1].voice_match_score) == (round(scores[A], 3), None)
    assert call.speakers[0].voice_profile_matched is (True if confidence else None)
    assert call.speakers[1].voice_profile_matched is None
    assert call.resolution == SpeakerResolution(
        voice_embedding_enabled=True, voice_profile_used=True, voice_match_status=status
    )


def test_score_is_shown_with_three_decimals_on_whoever_scored_best() -> None:
    _, call = matched({A: 0.31, B: 0.912_46})

    assert [speaker.voice_match_score for speaker in call.speakers] == [None, 0.912]


def test_nobody_is_labelled_when_nobody_was_heard() -> None:
    match, call = matched({})

    assert match == VoiceMatch(VoiceMatchStatus.NO_MATCH)
    assert call.speakers == CALL.speakers
    assert call.resolution.voice_profile_used is True


def test_first_of_equals_has_scored_best() -> None:
    match, _ = matched({B: 0.6, A: 0.6})

    assert match.best == A


def test_only_real_speakers_of_the_transcript_count() -> None:
    strays = conversation((1, "So it is, as I said."), (2, "I see what you mean."), (3, "Hm."), *[(1, "yes " * 60)] * 2)

    match, _ = matched({A: 0.8, "SPEAKER_02": 0.9, "SPEAKER_07": 0.95}, strays)
    unattributed, _ = matched({"UNKNOWN": 0.9, B: 0.8}, conversation((1, "So."), (2, "I see."), unattributed=1))

    assert match == VoiceMatch(VoiceMatchStatus.MATCHED, A, 0.8)
    assert unattributed == VoiceMatch(VoiceMatchStatus.MATCHED, B, 0.8)


@pytest.mark.parametrize(("status", "is_enabled"), [("DISABLED", False), ("SKIPPED", True)])
def test_match_that_did_not_take_place_is_noted(status: str, is_enabled: bool) -> None:
    noted = note_status(CALL, VoiceMatchStatus(status))

    assert noted.speakers == CALL.speakers
    assert noted.resolution == SpeakerResolution(voice_embedding_enabled=is_enabled, voice_match_status=status)


def test_intervals_are_spread_over_our_turns_by_overlap() -> None:
    # The provider's first interval reaches over a turn of each speaker.
    intervals = [VoiceInterval(1.0, 4.5, 0.9), VoiceInterval(5.5, 8.0, 0.2)]

    assert score_speakers(intervals, TURNS) == {A: round((1.0 * 0.9 + 2.5 * 0.2) / 3.5, 6), B: 0.9}


def test_speaker_who_is_heard_for_less_than_a_second_is_left_out() -> None:
    intervals = [VoiceInterval(0.0, 1.0, 0.8), VoiceInterval(4.01, 5.0, 0.99)]

    assert score_speakers(intervals, TURNS) == {A: 0.8}


def test_scores_that_are_on_the_threshold_stay_there() -> None:
    intervals = [VoiceInterval(start / 10, start / 10 + 0.1, 0.75) for start in range(20)]

    assert score_speakers(intervals, TURNS) == {A: 0.75}


def test_speakers_have_the_ids_of_the_transcript() -> None:
    turns = [Turn(0.0, 2.0, "speaker_7"), Turn(2.0, 4.0, " Speaker_07 "), Turn(4.0, 6.0, "2")]

    assert score_speakers([VoiceInterval(0.0, 6.0, 0.5)], turns) == {"SPEAKER_07": 0.5, "SPEAKER_02": 0.5}


def test_nothing_is_scored_without_intervals_or_turns() -> None:
    assert score_speakers([], TURNS) == {}
    assert score_speakers([VoiceInterval(0.0, 9.0, 1.0)], []) == {}
    assert score_speakers([VoiceInterval(3.0, 3.0, 1.0), VoiceInterval(4.0, 3.0, 1.0)], TURNS) == {}


_times = st.integers(0, 600).map(lambda tenths: tenths / 10)
_intervals = st.builds(VoiceInterval, _times, _times, st.integers(0, 100).map(lambda percent: percent / 100))
_turns = st.lists(st.builds(Turn, _times, _times, st.sampled_from(["A", "B", "C"])), max_size=8)


@given(st.lists(_intervals, max_size=8), _turns)
def test_score_lies_between_those_of_the_intervals(intervals: list[VoiceInterval], turns: list[Turn]) -> None:
    scores = score_speakers(intervals, turns)

    given_scores = [interval.score for interval in intervals]
    assert all(min(given_scores) - 1e-6 <= score <= max(given_scores) + 1e-6 for score in scores.values())
    assert len(scores) <= len({turn.speaker for turn in turns})


@given(st.lists(_intervals, max_size=8), _turns, st.randoms(use_true_random=False))
def test_order_of_intervals_and_turns_does_not_matter(
    intervals: list[VoiceInterval], turns: list[Turn], random: Random
) -> None:
    shuffled, mixed = list(intervals), list(turns)
    random.shuffle(shuffled)
    random.shuffle(mixed)

    assert score_speakers(shuffled, mixed) == score_speakers(intervals, turns)


@given(st.dictionaries(st.sampled_from([A, B]), st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)))
def test_at_most_one_speaker_is_the_user(scores: dict[str, float]) -> None:
    match, call = matched(scores)

    users = [speaker for speaker in call.speakers if speaker.role == "USER"]
    assert len(users) == (1 if match.status is VoiceMatchStatus.MATCHED else 0)
    assert sum(speaker.voice_match_score is not None for speaker in call.speakers) == (1 if scores else 0)
    assert (match.status is VoiceMatchStatus.NO_MATCH) == all(score < 0.75 for score in scores.values())

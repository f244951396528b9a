from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.alignment import AlignedSegment
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.normalization.stage import normalize
from app.pipeline.speech import RawTranscript
from app.pipeline.transcript import Confidence, PipelineInfo, Segment, Speaker, Transcript

A, B, NOBODY = "SPEAKER_00", "SPEAKER_01", "UNKNOWN"
HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def _said(speaker: str, start: float, end: float, text: str, order: int = 0) -> AlignedSegment:
    return AlignedSegment(speaker, start, end, text, HIGH, order)


def _normalize(
    *aligned: AlignedSegment,
    duration: float | None = None,
    told_duration: float | None = None,
    language: str | None = None,
) -> Transcript:
    return normalize(
        aligned,
        RawTranscript((), language=language, duration_seconds=told_duration),
        call_id=UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3"),
        duration_seconds=duration,
        pipeline=PipelineInfo("local", "pocketsphinx", "none"),
        created_at="2026-02-09T09:14:07Z",
    )


def test_transcript_is_sorted_numbered_and_anonymous() -> None:
    transcript = _normalize(
        _said(A, 4.0, 5.126, "Sure."), _said(B, 0.5, 3.0, " Hello? [Music]", 1), language="english", duration=6.4
    )

    assert transcript == Transcript(
        call_id="0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
        speakers=(Speaker(1, B), Speaker(2, A)),
        segments=(
            Segment("seg_0001", "spk_1", 0.5, 3.0, "Hello?", HIGH),
            Segment("seg_0002", "spk_2", 4.0, 5.13, "Sure.", HIGH),
        ),
        pipeline=PipelineInfo("local", "pocketsphinx", "none"),
        created_at="2026-02-09T09:14:07Z",
        language="en",
        duration_seconds=6,
    )


def test_unknown_speaker_gets_a_number_too() -> None:
    transcript = _normalize(_said(NOBODY, 0, 1, "Um."), _said(A, 1, 2, "Hello."))

    assert transcript.speakers == (Speaker(1, NOBODY), Speaker(2, A))


@pytest.mark.parametrize(
    ("measured", "told", "seconds"),
    [(31.5, 30.0, 32), (None, 30.4, 30), (None, None, 3)],
    ids=["measured", "told by the engine", "end of the last segment"],
)
def test_duration(measured: float | None, told: float | None, seconds: int) -> None:
    assert _normalize(_said(A, 0, 2.6, "Hello."), duration=measured, told_duration=told).duration_seconds == seconds


def test_times_end_with_the_recording() -> None:
    transcript = _normalize(_said(A, 40, 50, "Hello."), duration=43.219)

    assert (transcript.segments[0].start_seconds, transcript.segments[0].end_seconds) == (40.0, 43.21)


def test_pieces_of_cross_talk_are_sorted_in() -> None:
    long = " ".join(f"Sentence number {at} of this long story is here." for at in range(10))

    transcript = _normalize(_said(A, 0, 100, long), _said(B, 30, 40, "That is wonderful to hear.", 1))

    starts = [segment.start_seconds for segment in transcript.segments]
    assert [segment.speaker_id for segment in transcript.segments] == ["spk_1", "spk_2", "spk_1", "spk_1"]
    assert starts == sorted(starts)


@pytest.mark.parametrize("aligned", [[], [_said(A, 0, 1, "...")], [_said(A, 0, 1, "[Music]")]])
def test_nothing_said_is_an_empty_transcription(aligned: list[AlignedSegment]) -> None:
    with pytest.raises(HardFailureError) as failure:
        _normalize(*aligned)

    assert failure.value.reason is FailureReason.TRANSCRIPTION_EMPTY


# Invariants of transcript.md, section 4.

_seconds = st.integers(-100, 4000).map(lambda hundredths: hundredths / 100)


@st.composite
def _aligned_lists(draw: st.DrawFn) -> list[AlignedSegment]:
    """Segments whose words are all different, so that nothing in them is a loop or a duplicate."""
    aligned: list[AlignedSegment] = []
    for order in range(draw(st.integers(1, 8))):
        count = draw(st.integers(1, 60))
        marks = draw(st.lists(st.sampled_from(["", "", "", ",", ".", "?", " —"]), min_size=count, max_size=count))
        text = " ".join(f"w{order}x{at}{mark}" for at, mark in enumerate(marks))
        speaker, confidence = draw(st.sampled_from([A, B, NOBODY])), draw(st.sampled_from(Confidence))
        aligned.append(AlignedSegment(speaker, draw(_seconds), draw(_seconds), text, confidence, order))
    return aligned


@settings(max_examples=50, deadline=None, derandomize=True)
@given(_aligned_lists(), st.none() | st.integers(0, 4500).map(lambda hundredths: hundredths / 100))
def test_invariants(aligned: list[AlignedSegment], duration: float | None) -> None:
    transcript = _normalize(*aligned, duration=duration)

    segments = transcript.segments
    sources = {speaker.speaker_id: speaker.source_speaker_id for speaker in transcript.speakers}
    keys = [(said.start_seconds, said.end_seconds, sources[said.speaker_id]) for said in segments]
    assert [said.id for said in segments] == [f"seg_{number:04d}" for number in range(1, len(segments) + 1)]
    assert list(dict.fromkeys(said.speaker_id for said in segments)) == [f"spk_{at + 1}" for at in range(len(sources))]
    assert all(said.text.strip() and len(said.text) <= 200 for said in segments)
    assert keys == sorted(keys)
    assert all(0 <= said.start_seconds <= said.end_seconds for said in segments)
    assert duration is None or all(said.end_seconds <= duration for said in segments)
    for speaker_id in sources:
        own = [said for said in segments if said.speaker_id == speaker_id]
        assert all(later.start_seconds >= said.end_seconds for said, later in pairwise(own))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_aligned_lists())
def test_no_letter_or_digit_is_lost(aligned: list[AlignedSegment]) -> None:
    transcript = _normalize(*aligned)

    said = Counter(char for segment in aligned for char in segment.text if char.isalnum())
    assert Counter(char for segment in transcript.segments for char in segment.text if char.isalnum()) == said


_phrases = st.sampled_from(
    ["no no no", "so I said", "five five", "yes [music]", "we will look into it today.", "a b c d"]
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from([A, B]), _seconds, _seconds, st.lists(_phrases, min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_order_of_the_input_does_not_matter(parts: list[tuple[str, float, float, list[str]]], random: Random) -> None:
    aligned = [
        _said(speaker, start, end, " ".join(texts), order) for order, (speaker, start, end, texts) in enumerate(parts)
    ]
    shuffled = list(aligned)
    random.shuffle(shuffled)

    assert _normalize(*shuffled) == _normalize(*aligned)


def _sort_key(said: AlignedSegment) -> tuple[float, float, str]:
    return said.start_seconds, said.end_seconds, said.speaker


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.builds(
            lambda speaker, start, length, texts: _said(speaker, start / 100, (start + length) / 100, " ".join(texts)),
            st.sampled_from([A, B]),
            st.integers(0, 400),
            st.integers(0, 400),
            st.lists(_phrases, min_size=1, max_size=3),
        ),
        min_size=2,
        max_size=8,
        unique_by=_sort_key,
    ),
    st.randoms(use_true_random=False),
)
def test_order_of_the_engine_does_not_matter_where_times_or_speakers_differ(
    said: list[AlignedSegment], random: Random
) -> None:
    numbered = [replace(one, order=order) for order, one in enumerate(said)]
    random.shuffle(said)
    renumbered = [replace(one, order=order) for order, one in enumerate(said)]

    assert _normalize(*renumbered) == _normalize(*numbered)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(_aligned_lists(), st.none() | st.integers(0, 4500).map(lambda hundredths: hundredths / 100))
def test_same_input_gives_the_same_transcript(aligned: list[AlignedSegment], duration: float | None) -> None:
    before = list(aligned)

    assert _normalize(*aligned, duration=duration) == _normalize(*aligned, duration=duration)
    assert aligned == before

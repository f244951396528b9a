from dataclasses import replace

import pytest

from app.pipeline.transcript import Confidence, PipelineInfo
from app.providers.local_analysis.quality import (
    CONFIDENCE,
    ENGINE,
    LANGUAGE,
    SHORT,
    TRANSCRIPTION,
    is_misheard,
    list_warnings,
)
from app.providers.local_analysis.sentences import read_clauses

TURNS = [
    ("A", "the house on the hill has a garden and"),
    ("B", "the garden has a tree and the tree"),
    ("A", "has a bird"),
]


def _warn(transcript):
    return list_warnings(transcript, read_clauses(transcript))


def test_engine_always_names_itself(make_transcript):
    assert _warn(make_transcript(TURNS)) == [ENGINE]


def test_offline_transcription_is_named(make_transcript):
    pipeline = PipelineInfo("local", "pocketsphinx", "local")

    assert _warn(make_transcript(TURNS, pipeline=pipeline)) == [ENGINE, TRANSCRIPTION]


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [("local", "pocketsphinx", True), ("local", "faster-whisper", False), ("lemonfox", "whisper-1", False)],
)
def test_only_the_weak_offline_recogniser_is_distrusted(make_transcript, provider, model, expected):
    assert is_misheard(make_transcript(TURNS, pipeline=PipelineInfo(provider, model, "local"))) is expected


def test_low_confidence_is_named_from_three_words_in_ten_on(make_transcript):
    transcript = make_transcript([("A", "a b c d e f g"), ("B", "h i j k l m"), ("A", "n")])
    segments = transcript.segments

    low = replace(transcript, segments=(segments[0], replace(segments[1], alignment_confidence=Confidence.LOW)))
    high = replace(
        transcript, segments=(segments[0], segments[1], replace(segments[2], alignment_confidence=Confidence.LOW))
    )

    assert _warn(low) == [ENGINE, CONFIDENCE]
    assert _warn(high) == [ENGINE]


def test_short_and_foreign_calls_are_named(make_transcript):
    assert _warn(make_transcript([("A", "Hello?")])) == [ENGINE, SHORT]
    assert _warn(make_transcript([("A", "Hallo?")], language="de")) == [ENGINE, LANGUAGE]
    assert _warn(make_transcript(TURNS, language=None)) == [ENGINE]

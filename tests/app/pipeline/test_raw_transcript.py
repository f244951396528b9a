from typing import Any

import orjson
import pytest

from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.speech import AsrSegment, RawTranscript, Word


def _parse(document: Any) -> RawTranscript:
    return parse_verbose_json(orjson.dumps(document))


def test_segments_with_nested_words_are_read() -> None:
    document = {
        "task": "transcribe",
        "language": "english",
        "duration": 6.4,
        "text": " Hello, this is Jimmy. Hi.",
        "segments": [
            {
                "id": 0,
                "start": 0.31,
                "end": 2.05,
                "text": " Hello, this.",
                "speaker": "SPEAKER_00",
                "avg_logprob": -0.2,
                "words": [
                    {"word": " Hello,", "start": 0.31, "end": 0.7, "score": 0.94, "speaker": "SPEAKER_01"},
                    {"word": "this."},
                ],
            },
            {"id": 1, "start": 2.6, "end": 4.1, "text": " Hi.", "speaker": None, "words": []},
        ],
    }

    raw = _parse(document)

    assert raw == RawTranscript(
        segments=(
            AsrSegment(
                "Hello, this.",
                0.31,
                2.05,
                (Word("Hello,", 0.31, 0.7, "SPEAKER_01", 0.94), Word("this.")),
                "SPEAKER_00",
            ),
            AsrSegment("Hi.", 2.6, 4.1),
        ),
        language="english",
        duration_seconds=6.4,
        text="Hello, this is Jimmy. Hi.",
    )


def test_our_own_members_are_read() -> None:
    word = {"word": "hello", "start": 0.1, "end": 0.4, "speaker": "SPEAKER_01", "confidence": 0.8}
    document = {
        "engine": "pocketsphinx",
        "formatted": False,
        "speakerExact": True,
        "segments": [{"start": 0.1, "end": 0.4, "text": "hello", "speaker": "SPEAKER_01", "words": [word]}],
    }

    raw = _parse(document)

    assert raw.segments[0].words == (Word("hello", 0.1, 0.4, "SPEAKER_01", 0.8),)
    assert (raw.is_formatted, raw.is_speaker_exact, raw.engine) == (False, True, "pocketsphinx")


def test_flat_words_are_read_when_no_segment_has_words() -> None:
    raw = _parse({"segments": [{"text": "Hi", "words": None}], "words": [{"word": "Hi", "start": 1, "end": 2}]})

    assert raw.words == (Word("Hi", 1.0, 2.0),)
    assert raw.segments == (AsrSegment("Hi"),)


def test_flat_words_are_ignored_beside_nested_ones() -> None:
    raw = _parse({"segments": [{"text": "Hi", "words": [{"word": "Hi"}]}], "words": [{"word": "Hi"}]})

    assert raw.words == ()


def test_a_text_alone_is_kept() -> None:
    raw = _parse({"text": " Hello there. ", "segments": []})

    assert raw == RawTranscript(segments=(), text="Hello there.")


def test_a_segment_without_text_says_what_its_words_say() -> None:
    raw = _parse({"segments": [{"text": "", "words": [{"word": " so"}, {"word": "what"}]}, {"text": " "}]})

    assert [segment.text for segment in raw.segments] == ["so what"]


def test_unusable_values_are_no_values() -> None:
    word = {"word": "hi", "start": "soon", "end": True, "speaker": 2, "score": None}
    raw = _parse({"duration": -1, "language": "", "segments": [{"text": "hi", "start": None, "words": [word]}]})

    assert raw.duration_seconds is None
    assert raw.language is None
    assert raw.segments == (AsrSegment("hi", words=(Word("hi", speaker="2"),)),)


def test_truth_values_are_no_texts() -> None:
    word = {"word": True, "speaker": False}
    raw = _parse({"text": "hi", "language": False, "segments": [{"text": "hi", "speaker": False, "words": [word]}]})

    assert raw == RawTranscript(segments=(AsrSegment("hi"),), text="hi")


@pytest.mark.parametrize("value", [None, "Hi, this is Jimmy.", 3])
def test_members_of_others_that_are_called_like_ours_do_not_count(value: Any) -> None:
    raw = _parse({"text": "hi", "formatted": value, "speakerExact": value})

    assert raw == RawTranscript(segments=(), text="hi")


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1_000_001])
def test_times_beyond_any_recording_are_no_times(seconds: float) -> None:
    word = {"word": "hi", "start": seconds, "end": 1_000_000}
    raw = _parse({"duration": seconds, "segments": [{"text": "hi", "start": seconds, "end": 2, "words": [word]}]})

    assert raw.duration_seconds is None
    assert raw.segments == (AsrSegment("hi", None, 2.0, (Word("hi", None, 1_000_000.0),)),)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b'"text"', b"[]", b"null", b'{"segments": "none"}', b'{"segments": [3]}'],
    ids=["nothing", "html", "a string", "an array", "null", "segments no list", "segment no object"],
)
def test_what_cannot_be_a_transcript_is_an_invalid_response(content: bytes) -> None:
    with pytest.raises(HardFailureError) as failure:
        parse_verbose_json(content)

    assert failure.value.reason is FailureReason.TRANSCRIPTION_INVALID_RESPONSE
    assert failure.value.__suppress_context__


@pytest.mark.parametrize(
    "document",
    [{}, {"text": "", "segments": []}, {"text": None, "segments": None}, {"text": " ", "segments": [{"text": " "}]}],
    ids=["no members", "empty", "null", "blank"],
)
def test_neither_text_nor_segments_is_an_empty_transcription(document: dict[str, Any]) -> None:
    with pytest.raises(HardFailureError) as failure:
        _parse(document)

    assert failure.value.reason is FailureReason.TRANSCRIPTION_EMPTY

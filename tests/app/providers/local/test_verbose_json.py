import orjson

from app.pipeline.speech import Word
from app.providers.local.verbose_json import to_verbose_json


def write(*words: Word) -> dict[str, object]:
    content = to_verbose_json(
        "engine", words, duration_seconds=9.8765, language="en", is_formatted=False, is_speaker_exact=False
    )
    document: dict[str, object] = orjson.loads(content)
    return document


def test_words_become_segments_at_pauses() -> None:
    document = write(Word("good", 0.1, 0.4, None, 0.9), Word("morning", 0.5, 1.0, None, 0.8), Word("yes", 1.6, 1.9))

    assert document == {
        "task": "transcribe",
        "engine": "engine",
        "formatted": False,
        "speakerExact": False,
        "language": "en",
        "duration": 9.877,
        "text": "good morning yes",
        "segments": [
            {
                "id": 0,
                "start": 0.1,
                "end": 1.0,
                "text": "good morning",
                "words": [
                    {"word": "good", "start": 0.1, "end": 0.4, "confidence": 0.9},
                    {"word": "morning", "start": 0.5, "end": 1.0, "confidence": 0.8},
                ],
            },
            {
                "id": 1,
                "start": 1.6,
                "end": 1.9,
                "text": "yes",
                "words": [{"word": "yes", "start": 1.6, "end": 1.9, "confidence": None}],
            },
        ],
    }


def test_speakers_keep_their_own_segments_when_they_talk_at_once() -> None:
    document = write(
        Word("i", 0.0, 0.2, "SPEAKER_00"),
        Word("think", 0.3, 0.6, "SPEAKER_00"),
        Word("so", 0.7, 0.9, "SPEAKER_00"),
        Word("right", 0.4, 0.7, "SPEAKER_01"),
    )

    segments = document["segments"]
    assert isinstance(segments, list)
    assert [(segment["id"], segment["speaker"], segment["text"]) for segment in segments] == [
        (0, "SPEAKER_00", "i think so"),
        (1, "SPEAKER_01", "right"),
    ]


def test_no_words_give_no_segments() -> None:
    document = write()

    assert (document["text"], document["segments"]) == ("", [])

"""The stages together: from an engine's bytes to plain text."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from app.pipeline.alignment import align
from app.pipeline.document import clean_text
from app.pipeline.normalization.stage import normalize
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.restoration import restore_formatting
from app.pipeline.speech import Turn
from app.pipeline.transcript import PipelineInfo

_ROOT = Path(__file__).parents[3]


def _build(document: dict[str, Any], *turns: Turn) -> str:
    raw = parse_verbose_json(orjson.dumps(document))
    aligned = align(raw, turns)
    if not raw.is_formatted:
        aligned = restore_formatting(aligned, ["Alice Moor"])
    pipeline = PipelineInfo("local", "engine", "none")
    transcript = normalize(
        aligned, raw, call_id=UUID(int=1), duration_seconds=12.0, pipeline=pipeline, created_at="2026-02-09T09:14:07Z"
    )
    return clean_text(transcript)


def _words(text: str, start: float) -> list[dict[str, Any]]:
    """Words of 0.3 s each, without pauses."""
    return [
        {"word": word, "start": round(start + 0.3 * at, 2), "end": round(start + 0.3 * at + 0.3, 2)}
        for at, word in enumerate(text.split())
    ]


def test_answer_with_punctuation_is_cut_by_turns() -> None:
    document = {
        "language": "english",
        "text": " Hello, this is Jimmy. Hi Jimmy, how are you? [Music]",
        "segments": [
            {
                "start": 0.0,
                "end": 2.7,
                "text": " Hello, this is Jimmy. Hi Jimmy, how are you?",
                "words": _words("hello this is jimmy hi jimmy how are you", 0.0),
            },
            {"start": 8.0, "end": 9.0, "text": " [Music]", "words": []},
        ],
    }

    text = _build(document, Turn(0.0, 1.15, "B"), Turn(1.2, 3.0, "A"))

    assert text == (
        "[00:00 - 00:01] Speaker 1: Hello, this is Jimmy.\n[00:01 - 00:02] Speaker 2: Hi Jimmy, how are you?"
    )


def test_bare_words_of_two_channels_become_sentences() -> None:
    def segment(text: str, start: float, speaker: str) -> dict[str, Any]:
        words = [{**word, "speaker": speaker, "confidence": 0.9} for word in _words(text, start)]
        return {"start": start, "end": words[-1]["end"], "text": text, "speaker": speaker, "words": words}

    document = {
        "engine": "pocketsphinx",
        "formatted": False,
        "speakerExact": True,
        "language": "en",
        "segments": [
            segment("hello this is alice", 0.0, "SPEAKER_00"),
            segment("hi alice can you call me on friday", 1.5, "SPEAKER_01"),
            segment("i will", 4.5, "SPEAKER_00"),
        ],
    }

    assert _build(document) == (
        "[00:00 - 00:01] Speaker 1: Hello this is Alice.\n"
        "[00:01 - 00:03] Speaker 2: Hi Alice. Can you call me on Friday?\n"
        "[00:04 - 00:05] Speaker 1: I will."
    )


_PRINT_DOCUMENTS = """
from random import Random
import orjson
from app.pipeline.document import to_document
from bench.naming import name_speakers
from bench.noise import hear
from bench.scripted_calls import iter_calls

for number, call in enumerate(iter_calls()):
    if number % 40 == 0:
        for kind in ("clean", "bare", "jitter"):
            print(orjson.dumps(to_document(name_speakers(call, hear(call, kind, Random(number))))).decode())
"""


def test_hash_seed_of_the_process_changes_no_byte() -> None:
    def write(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = [sys.executable, "-c", _PRINT_DOCUMENTS]
        return subprocess.run(process, env=environment, cwd=_ROOT, check=True, capture_output=True, timeout=60).stdout

    documents = write("1")

    assert documents.count(b"\n") > 30
    assert write("2") == documents

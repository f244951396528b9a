"""What our own documents and addresses say of people. Source: pipeline.md, section 14 (P4, P6, P8, P9)."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from app.audio.sniffing import FORMATS
from app.calls.models import ArtifactType, CallStatus
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.storage.keys import audio_key, document_key
from tests.engines import LINES, RAW, Script
from tests.factories import Factory
from tests.finished import read_stored

CODE = Path(__file__).parents[2]
PACKAGES = ("app", "graphql/scryon_graphql", "rest", "jobs")
PHONE = "+49 170 555 0613"
SAID = "My number is 0170 555 0613."
KEY = re.compile(
    r"users/{0}/calls/{0}/"
    r"(temp/audio\.[a-z0-9]{{2,4}}|(diarization/(diarization|state)|transcripts/(raw|normalized)|analysis/analysis)\.json)"
    "".format("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
)


def read_code(*words: str) -> Iterator[tuple[str, ast.Module]]:
    """Each of our modules that holds one of these words, with its path."""
    for path in itertools.chain.from_iterable((CODE / package).rglob("*.py") for package in PACKAGES):
        code = path.read_text()
        if any(word in code for word in words):
            yield str(path.relative_to(CODE)), ast.parse(code)


def test_what_was_learned_of_a_voice_is_only_handed_on() -> None:
    readers, writers, parsers = set(), set(), set()
    for path, module in read_code("embedding_json", "voiceprint"):
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                # As the whole argument of a call; anything else is looking into it.
                handed_on = [part for part in node.args if isinstance(part, ast.Attribute)]
                readers |= {(path, part.attr) for part in handed_on if part.attr == "embedding_json"}
                writers |= {path for keyword in node.keywords if keyword.arg == "embedding_json"}
            if isinstance(node, ast.Constant) and node.value == "voiceprint":
                parsers.add(path.rpartition("/")[0])
        reads = sum(isinstance(node, ast.Attribute) and node.attr == "embedding_json" for node in ast.walk(module))
        assert reads == ((path, "embedding_json") in readers), path

    assert readers == {("app/pipeline/voice_matching.py", "embedding_json")}
    assert writers == {"app/voice/service.py"}
    assert parsers == {"app/providers/pyannote"}


def strip_speech(document: Any) -> Any:
    """A transcript without what was spoken."""
    if isinstance(document, dict):
        return {name: strip_speech(value) for name, value in document.items() if name not in ("text", "cleanText")}
    return [strip_speech(part) for part in document] if isinstance(document, list) else document


@pytest.mark.parametrize("contact_name", [None, PHONE, "0170 5550613"])
@pytest.mark.parametrize("direction", ["INCOMING", "OUTGOING", "UNKNOWN"])
async def test_transcript_has_at_most_four_digits_of_a_phone_number(
    resources: Resources, factory: Factory, contact_name: str | None, direction: str
) -> None:
    owner = await factory.user(display_name="Alice")
    values = {"contact_name": contact_name, "phone_number": PHONE, "direction": direction, "title": PHONE}
    call = await factory.call(owner, status=CallStatus.TRANSCRIBING, **values)
    spoken = RAW.replace(LINES[1][3].encode(), SAID.encode())
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, spoken)

    await process_call(resources, Script().engines(), Heartbeat(resources.database), call.id)

    transcript = (await read_stored(resources, call)).transcript
    assert SAID in str(transcript)
    digits = re.sub(r"[^0-9]", "", orjson.dumps(strip_speech(transcript)).decode())
    assert "50613" not in digits


def test_keys_hold_ids_and_fixed_words_only() -> None:
    user_id, call_id = uuid4(), uuid4()
    keys = [audio_key(user_id, call_id, kind.extension) for kind in FORMATS]
    keys += [document_key(user_id, call_id, kind) for kind in ArtifactType if kind is not ArtifactType.TEMP_AUDIO]

    assert [key for key in keys if not KEY.fullmatch(key)] == []
    assert len(set(keys)) == len(keys)

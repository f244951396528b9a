"""The providers of a run: doubles that know which call they are asked about, and note when.

The length of a recording tells its number. The number is spoken in its transcript, and the analysis is made of what was
spoken, so that a call which got anything of another call would show it.
"""

import io
import json
import re
import threading
import time
import wave
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tests.app.audio.recordings import to_wav
from tests.doubles.environment import provider_environment
from tests.doubles.fcm import CLIENT_EMAIL, Fcm
from tests.doubles.form_parts import read_form
from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.doubles.lemonfox import Lemonfox, make_transcript
from tests.doubles.openai import Completion, OpenAi
from tests.doubles.pyannote import Endpoint, Pyannote

RATE_HZ = 16_000
SHORTEST_FRAMES = 2 * RATE_HZ
FRAMES_PER_NUMBER = 80
TIMEOUT_SECONDS = 6
"""How long the workers wait for an answer of Lemonfox or the model."""

DIARIZATION_TIMEOUT_SECONDS = 8
POLL_INTERVAL_SECONDS = 0.3

_SPOKEN = re.compile(r"\bnumber(\d{4})\b")
_CALL_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def spoken_word(number: int) -> str:
    """What is said in the recording of that number, and in no other."""
    return f"number{number:04d}"


def find_spoken_words(content: str) -> set[str]:
    """The words of this kind that stand in a text."""
    return {match[0] for match in _SPOKEN.finditer(content)}


def item_titles(number: int) -> list[str]:
    """The action items of a call, in the order of their analysis."""
    return [f"Send the offer {spoken_word(number)}", f"Call back about {spoken_word(number)}"]


def make_recording(number: int) -> bytes:
    """A little more than two seconds of a voice-like buzz, as WAV: the longer, the higher the number."""
    return to_wav(np.resize(_buzz(), SHORTEST_FRAMES + FRAMES_PER_NUMBER * number))


@cache
def _buzz() -> "np.typing.NDArray[np.float64]":
    times = np.arange(4 * RATE_HZ) / RATE_HZ
    waves = [np.sin(2 * np.pi * 120 * harmonic * times) / harmonic for harmonic in range(1, 12)]
    return np.asarray(np.sum(waves, axis=0) * 0.2, dtype=np.float64)


def _read_number(recording: bytes) -> int:
    with wave.open(io.BytesIO(recording)) as reader:
        number = (reader.getnframes() - SHORTEST_FRAMES) / FRAMES_PER_NUMBER
    assert number == int(number), "the recording has lost samples"
    return int(number)


class Times:
    """When something was asked for, in seconds since 1970, by what it was about; threads write to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: defaultdict[str, list[float]] = defaultdict(list)

    def note(self, key: object) -> None:
        with self._lock:
            self._times[str(key)].append(time.time())

    def read(self) -> dict[str, list[float]]:
        """All of them, each in order."""
        with self._lock:
            return {key: list(times) for key, times in self._times.items()}


class _Forgetful(HttpDouble):
    """Keeps no requests: a run sends hundreds of recordings."""

    def receive(self, request: Request) -> Answer | None:
        self.requests.clear()
        return super().receive(request)


class ChaosLemonfox(_Forgetful, Lemonfox):
    """Transcribes each recording as what it is; `asked_for` is by number."""

    def __init__(self) -> None:
        self.asked_for = Times()
        super().__init__()

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        if answer.status != 200:
            return answer
        form = read_form(request.headers["Content-Type"], request.body)
        number = _read_number(next(part.content for part in form if part.name == "file"))
        self.asked_for.note(number)
        return json_answer(_transcribe(number))


def _transcribe(number: int) -> dict[str, Any]:
    document = make_transcript()
    first = document["segments"][0]
    first["text"] += f" {spoken_word(number)}."
    first["words"].append({**first["words"][-1], "word": f"{spoken_word(number)}.", "start": 2.1, "end": 2.4})
    document["text"] = first["text"] + document["segments"][1]["text"]
    return document


class ChaosPyannote(_Forgetful, Pyannote):
    """`asked_for` is by the id of the call, for jobs alone."""

    def __init__(self) -> None:
        self.asked_for = Times()
        super().__init__()
        self.script.polls_until_end = 1

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        if request.path == Endpoint.DIARIZE and answer.status == 200:
            found = _CALL_ID.search(request.body.decode())
            assert found
            self.asked_for.note(found[0])
        return answer


class ChaosOpenAi(_Forgetful, OpenAi):
    """Analyses what was spoken; `asked_for` is by the id of the call."""

    def __init__(self) -> None:
        self.asked_for = Times()
        super().__init__()

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        if answer.status != 200:
            return answer
        question = json.loads(request.body)["messages"][-1]["content"]
        call_id, spoken = _CALL_ID.search(question), _SPOKEN.search(question)
        assert call_id
        assert spoken
        self.asked_for.note(call_id[0])
        return self._complete(Completion(json.dumps(_analyze(int(spoken[1])))))


def _analyze(number: int) -> dict[str, Any]:
    return {
        "schemaVersion": 3,
        "oneLineSummary": f"An offer for {spoken_word(number)}.",
        "actionItems": [{"title": title} for title in item_titles(number)],
    }


class ChaosFcm(_Forgetful, Fcm):
    """Takes messages to phones; `taken` is by the id of the call and its status, joined by a space."""

    def __init__(self) -> None:
        self.taken = Times()
        super().__init__()

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        if answer.status == 200 and "messages:send" in request.path:
            data = json.loads(request.body)["message"]["data"]
            self.taken.note(f"{data['callId']} {data['status']}")
        return answer


@dataclass(frozen=True, slots=True)
class Doubles:
    """All providers of a run."""

    lemonfox: ChaosLemonfox
    pyannote: ChaosPyannote
    openai: ChaosOpenAi
    fcm: ChaosFcm

    @property
    def environment(self) -> dict[str, str]:
        """What API and workers have to be told."""
        return {
            **provider_environment(self.lemonfox, self.pyannote, self.openai),
            "LEMONFOX_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
            "LLM_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
            "SCRYON_DIARIZATION_TIMEOUT_SECONDS": str(DIARIZATION_TIMEOUT_SECONDS),
            "SCRYON_DIARIZATION_POLL_INTERVAL_SECONDS": str(POLL_INTERVAL_SECONDS),
        }

    @property
    def push_environment(self) -> dict[str, str]:
        """What workers have to be told on top, so that they tell phones; the API then takes users by their names."""
        return {
            "FIREBASE_PROJECT_ID": PROJECT_ID,
            "FIREBASE_CLIENT_EMAIL": CLIENT_EMAIL,
            "FIREBASE_PRIVATE_KEY": signing_key(0).private_pem,
        }


@contextmanager
def open_doubles() -> Iterator[Doubles]:
    """Let all of them listen."""
    with ChaosLemonfox() as lemonfox, ChaosPyannote() as pyannote, ChaosOpenAi() as openai, ChaosFcm() as fcm:
        yield Doubles(lemonfox, pyannote, openai, fcm)

"""Nothing of a call, and no secret, in anything that is written on the way: logs, Redis, events, errors, spans.

An API process and a worker process, which log at DEBUG, and the doubles of all three providers, which also refuse and
break; every value that may not get anywhere is marked. Source: pipeline.md, sections 11.2 and 14 (P7).
"""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import text

from app.embedded.servers import EmbeddedServers
from app.resources import Resources
from tests.doubles import lemonfox, openai, pyannote
from tests.doubles.environment import provider_environment
from tests.doubles.http_double import json_answer
from tests.doubles.lemonfox import Lemonfox, make_transcript
from tests.doubles.openai import Completion, OpenAi
from tests.doubles.otlp import Collector
from tests.doubles.pyannote import Endpoint, Pyannote
from tests.doubles.sentry import Sentry
from tests.rest.serving import run_server, run_worker
from tests.running import wait_for
from tests.voices import make_sample

USER = "marked-quokka-user"
API_KEY = "marked-api-key-0123456789"
SECRET = "marked-webhook-secret-0123456789abcdef"
CONTACT = "Wolpertinger Zarathustra"
PHONE = "+49 170 5550613"
ORGANISATION = "Mokele Werke"
TITLE = "Okapi negotiations"
FILE_NAME = "bandersnatch-recording.wav"
NOTES = "Jabberwocky asked for discretion"
DISPLAY_NAME = "Snallygaster Moonbeam"
SPOKEN = "zebracrossing"
SUMMARY = "quaggasummary"
VOICEPRINT = base64.b64encode(b"marked voiceprint").decode()
SAMPLES = b"AUDIO-BYTES-MARK"
REFUSAL = "vampiresquid: what a provider says when it refuses"

MARKS = {
    "key of Lemonfox": lemonfox.KEY,
    "key of pyannoteAI": pyannote.KEY,
    "key of the model": openai.API_KEY,
    "key of the API": API_KEY,
    "webhook secret": SECRET,
    "external user id": USER,
    "first name": "Wolpertinger",
    "last name": "Zarathustra",
    "phone number": "5550613",
    "organisation": "Mokele",
    "title": "Okapi",
    "file name": "bandersnatch",
    "notes": "Jabberwocky",
    "display name": "Snallygaster",
    "spoken words": SPOKEN,
    "analysis": SUMMARY,
    "voiceprint": VOICEPRINT,
    "audio bytes": SAMPLES.decode(),
    "audio in base64": base64.b64encode(SAMPLES * 3).decode()[4:-4],
    "words of a provider": "vampiresquid",
}


@dataclass
class Written:
    """Everything that got out, under a name that tells where."""

    contents: dict[str, bytes] = field(default_factory=dict)

    def find(self, mark: str) -> list[str]:
        """The places where a mark stands, in any case."""
        return [name for name, content in self.contents.items() if mark.lower().encode() in content.lower()]


@dataclass(frozen=True)
class Providers:
    lemonfox: Lemonfox
    pyannote: Pyannote
    openai: OpenAi

    @property
    def environment(self) -> dict[str, str]:
        return {
            **provider_environment(self.lemonfox, self.pyannote, self.openai),
            "SCRYON_DIARIZATION_POLL_INTERVAL_SECONDS": "0.05",
            "SCRYON_VOICE_EMBEDDING_ENABLED": "true",
            "LLM_SPEAKER_NAMING_ENABLED": "true",
        }


@pytest.fixture
def providers() -> Iterator[Providers]:
    """Doubles whose answers hold marks, good ones and refusals."""
    with Lemonfox() as transcription, Pyannote() as diarization, OpenAi() as model:
        document = make_transcript()
        said = f" Hello, this is {CONTACT} at the {SPOKEN}."
        document["segments"][0] |= {"text": said, "words": []}
        transcription.document = document
        diarization.script.voiceprint = VOICEPRINT
        model.completion = Completion(json.dumps({"oneLineSummary": SUMMARY, "speakers": []}))
        yield Providers(transcription, diarization, model)


@pytest.fixture
def commands(servers: EmbeddedServers) -> Iterator[list[bytes]]:
    """Every command that Redis gets meanwhile, with its arguments."""
    assert servers.redis_url is not None
    seen: list[bytes] = []
    with redis.Redis.from_url(servers.redis_url, socket_timeout=None) as client, client.monitor() as monitor:
        ended = threading.Event()

        def watch() -> None:
            for command in monitor.listen():
                seen.append(str(command["command"]).encode())
                if ended.is_set():
                    return

        watching = threading.Thread(target=watch)
        watching.start()
        yield seen
        ended.set()
        client.ping()
        watching.join()


def mark_recording() -> bytes:
    """Eight seconds of sound with the mark in the midst of its samples."""
    recording = make_sample(8.0)
    middle = len(recording) // 2
    return recording[:middle] + SAMPLES * 3 + recording[middle + 3 * len(SAMPLES) :]


class Client:
    """Submits marked calls, and keeps every answer that is an error."""

    def __init__(self, http: httpx.Client, written: Written) -> None:
        self._http = http
        self._written = written

    def ask(self, method: str, path: str, expected: int, **values: Any) -> httpx.Response:
        answer = self._http.request(method, path, **values)
        assert answer.status_code == expected, answer.text
        if answer.is_error:
            self._written.contents[f"{method} {path} {answer.status_code}"] = answer.content
        return answer

    def process(self, expected: str) -> dict[str, Any]:
        """A call from its upload to its end."""
        metadata = {
            "title": TITLE,
            "contactName": CONTACT,
            "phoneNumber": PHONE,
            "organization": ORGANISATION,
            "direction": "OUTGOING",
        }
        form = {"metadata": json.dumps(metadata)}
        files = {"file": (FILE_NAME, mark_recording())}
        call_id = self.ask("POST", "/api/calls/analyze", 202, files=files, data=form).json()["callId"]

        def read() -> dict[str, Any]:
            call: dict[str, Any] = self.ask("GET", f"/api/calls/{call_id}", 200).json()
            return call

        wait_for(lambda: read()["status"] in ("COMPLETED", "FAILED"), 60)
        call = read()
        assert (call.get("errorReason") or call["status"]) == expected
        return call


async def _read_events(resources: Resources) -> bytes:
    async with resources.database.read() as session:
        rows = (await session.execute(text("SELECT to_jsonb(e) FROM call_processing_events e"))).scalars().all()
    return json.dumps(rows).encode()


async def test_nothing_that_is_marked_is_written_anywhere(
    servers: EmbeddedServers, resources: Resources, providers: Providers, commands: list[bytes], tmp_path: Path
) -> None:
    written = Written()
    environment = {
        "DB_URL": str(servers.database_url),
        "REDIS_URL": str(servers.redis_url),
        "FLYWAY_ENABLED": "false",
        "LOGGING_LEVEL_COM_SCRYON": "DEBUG",
        "OBJECT_STORAGE_LOCAL_PATH": str(tmp_path / "objects"),
        "SCRYON_API_KEY": API_KEY,
        "SCRYON_WEBHOOK_SECRET": SECRET,
        **providers.environment,
    }
    headers = {"X-API-Key": API_KEY, "X-Local-User-Id": USER}
    collector, sentry = Collector(), Sentry()
    environment |= {
        "SCRYON_TRACING_ENABLED": "true",
        "MANAGEMENT_TRACING_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_TRACES_SAMPLER_ARG": "1",
        "SENTRY_DSN": sentry.dsn,
    }
    refused = json_answer({"error": {"message": REFUSAL, "type": "refused", "param": None, "code": None}}, 400)
    with ExitStack() as stack:
        stack.enter_context(collector)
        stack.enter_context(sentry)
        server = stack.enter_context(run_server(tmp_path / "api", environment))
        worker_log = stack.enter_context(run_worker(tmp_path / "worker", environment))
        http = stack.enter_context(httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False))
        client = Client(http, written)

        client.ask("PATCH", "/api/users/me", 200, json={"displayName": DISPLAY_NAME})
        client.ask("POST", "/api/users/me/voice-profile", 201, files={"file": (FILE_NAME, make_sample(16.0))})
        call = client.process("COMPLETED")
        client.ask("PATCH", f"/api/calls/{call['id']}", 200, json={"notes": NOTES})
        providers.pyannote.broken[Endpoint.DIARIZE] = refused
        client.process("COMPLETED")
        providers.openai.failure = refused
        client.process("analysis_4xx")
        client.ask("POST", f"/api/calls/{call['id']}/reanalyze", 502)
        providers.lemonfox.failure = refused
        client.process("transcription_4xx")
        providers.pyannote.failure = refused
        client.ask("POST", "/api/users/me/voice-profile", 502, files={"file": (FILE_NAME, make_sample(16.0))})
        client.ask("GET", f"/api/calls/{call['id']}x", 404)
        [port] = re.findall(r"event=worker_door_open .*\bport=(\d+)", worker_log.read_text())
        for name, base_url in (("API", server.url), ("worker", f"http://127.0.0.1:{port}")):
            metrics = http.get(f"{base_url}/actuator/prometheus")
            assert metrics.status_code == 200
            written.contents[f"metrics of the {name}"] = metrics.content
    written.contents |= {
        "log of the API": server.log.read_bytes(),
        "log of the worker": worker_log.read_bytes(),
        "Redis": b"\n".join(commands),
        "events": await _read_events(resources),
        "spans": collector.received,
    }

    found = {name: places for name, mark in MARKS.items() if (places := written.find(mark))}

    assert found == {}
    addresses = [request.path for request in providers.pyannote.asked(Endpoint.UPLOAD)]
    assert addresses
    assert [address for address in addresses if written.find(address)] == []
    # And this is what was looked through.
    assert written.find("stage=TRANSCRIBED") == ["log of the worker"]
    assert written.find("PYANNOTE_FAILED_FALLBACK") == ["log of the worker", "events"]
    assert written.find(call["id"]) == ["log of the API", "log of the worker", "Redis", "events", "spans"]
    assert written.find("scryon_calls_completed_total 2.0") == ["metrics of the worker"]
    assert {span.service for span in collector.spans} == {"scryon-api", "scryon-worker"}
    # What providers get wrong is no error that nobody expected.
    assert sentry.requests == []
    assert len(written.contents) == 10

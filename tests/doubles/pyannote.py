"""A double of pyannoteAI: media, jobs and their answers, and the storage behind its presigned addresses.

It refuses what the service refuses (`pyannote_rules.py`); where nobody knows, it does what is hardest for a client.
Source: providers.md, section 2.
"""

import io
import json
import time
import wave
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from tests.doubles.http_double import Answer, Cut, Failure, HttpDouble, Request, json_answer
from tests.doubles.pyannote_rules import ENDPOINTS, find_errors

KEY = "pk-0123456789abcdef"
LONGEST_SAMPLE_SECONDS = 30
LARGEST_SAMPLE_BYTES = 100 * 1024**2
TURNS = (
    {"speaker": "SPEAKER_00", "start": 0.2, "end": 2.1},
    {"speaker": "SPEAKER_01", "start": 1.9, "end": 5.2},
    {"speaker": "SPEAKER_00", "start": 5.4, "end": 8.0},
)
PAYMENT_REQUIRED = json_answer({"requestId": "5c1e", "message": "No credit."}, 402)
ON_THE_WAY = ("created", "pending", "running")


class Endpoint(StrEnum):
    """What can be asked of it. The first part of the path tells uploads and polls, the whole path the others."""

    MEDIA = "/v1/media/input"
    UPLOAD = "/put"
    DIARIZE = "/v1/diarize"
    VOICEPRINT = "/v1/voiceprint"
    IDENTIFY = "/v1/identify"
    JOB = "/v1/jobs"


_PERMISSIONS = {
    Endpoint.MEDIA: "media:write",
    Endpoint.DIARIZE: "jobs:write",
    Endpoint.VOICEPRINT: "jobs:write",
    Endpoint.IDENTIFY: "jobs:write",
    Endpoint.JOB: "jobs:read",
}


@dataclass(slots=True)
class Job:
    """A job that was accepted, and so has to be paid. `polls`: how often it was asked for."""

    id: str
    endpoint: Endpoint
    body: dict[str, Any]
    polls: int = 0
    submitted_at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Script:
    """How jobs go.

    A job is `created`, `pending` and `running` for so many polls in all (infinitely many: it never ends), and for so
    many seconds, then it has the `outcome`. `turns` are those of its output, `scores` how much each speaker sounds like
    any voiceprint; `output` replaces the whole output, and `is_output_gone` leaves it out, as 24 hours do.
    """

    polls_until_end: float = 3
    seconds_until_end: float = 0
    outcome: str = "succeeded"
    turns: tuple[Mapping[str, Any], ...] = TURNS
    scores: Mapping[str, float] = field(default_factory=lambda: {"SPEAKER_00": 91, "SPEAKER_01": 8})
    voiceprint: str = "Vm9pY2U="
    output: Mapping[str, Any] | None = None
    is_output_gone: bool = False


class Pyannote(HttpDouble):
    """The service at `url`. See `HttpDouble` for what can go wrong, and `failing` for that at a single endpoint.

    `failing[endpoint]` is used up entry by entry, None for a good answer; `broken[endpoint]` stays.
    """

    def __init__(self) -> None:
        self.script = Script()
        self.permissions = {"media:write", "jobs:write", "jobs:read"}
        self.failing: dict[Endpoint, deque[Failure | Cut | Answer | None]] = {}
        self.broken: dict[Endpoint, Failure | Cut | Answer] = {}
        self.are_addresses_expired = False
        self.put_status = 200
        self.largest_sample_bytes = LARGEST_SAMPLE_BYTES
        self.jobs: dict[str, Job] = {}
        self.media: dict[str, bytes] = {}
        self._addresses: dict[str, str] = {}
        self._numbers = count(1)
        super().__init__()

    @property
    def url(self) -> str:
        """The base address of the API."""
        return f"http://{self.host}"

    def asked(self, endpoint: Endpoint) -> list[Request]:
        """The requests to an endpoint, failed ones included."""
        return [request for request in self.requests if _find_endpoint(request.path) is endpoint]

    def counts(self, *endpoints: Endpoint) -> tuple[int, ...]:
        """How many requests there were to each of these endpoints."""
        return tuple(len(self.asked(endpoint)) for endpoint in endpoints)

    def choose_failure(self, request: Request) -> Failure | Cut | Answer | None:
        endpoint = _find_endpoint(request.path)
        if endpoint is not None and self.failing.get(endpoint):
            return self.failing[endpoint].popleft()
        if endpoint in self.broken:
            return self.broken[endpoint]
        return super().choose_failure(request)

    def answer(self, request: Request) -> Answer:
        endpoint = _find_endpoint(request.path)
        match endpoint, request.method:
            case Endpoint.UPLOAD, "PUT":
                return self._store(request)
            case Endpoint(), ("GET" | "POST") as method if method == ("GET" if endpoint is Endpoint.JOB else "POST"):
                return self._check_key(request, endpoint) or self._serve(request, endpoint)
            case _:
                return json_answer({"message": "Not found"}, 404)

    def _check_key(self, request: Request, endpoint: Endpoint) -> Answer | None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return json_answer({"message": "Unauthorized"}, 401)
        if _PERMISSIONS[endpoint] not in self.permissions:
            return json_answer({"message": "Forbidden"}, 403)
        return None

    def _serve(self, request: Request, endpoint: Endpoint) -> Answer:
        if endpoint is Endpoint.JOB:
            return self._show(request.path.removeprefix(f"{Endpoint.JOB}/"))
        if request.headers.get("Content-Type") != "application/json":
            return _refuse([{"field": "", "message": "Expected JSON"}])
        try:
            body = json.loads(request.body)
        except ValueError:
            return _refuse([{"field": "", "message": "Malformed JSON"}])
        errors = find_errors(endpoint, body)
        if errors:
            return _refuse(errors)
        if endpoint is Endpoint.MEDIA:
            return self._presign(body["url"])
        job = Job(f"3f0c0c1e-7c55-4d8e-9d0e-{next(self._numbers):012d}", endpoint, body)
        self.jobs[job.id] = job
        return json_answer({"jobId": job.id, "status": "created"})

    def _presign(self, media_key: str) -> Answer:
        # As odd as an address may be: whatever a client tidies up in it breaks the signature.
        path = (
            f"{Endpoint.UPLOAD}/./eu%2Dwest/{next(self._numbers)}?X-Amz-Credential=AK%2F2026&X-Amz-Date=20261102T09Z"
            "&sig=a+b%20c/d==&name=~%c3%a9'{}|&empty=&&%2f"
        )
        self._addresses[path] = media_key
        return json_answer({"url": f"{self.url}{path}"}, 201)

    def _store(self, request: Request) -> Answer:
        media_key = self._addresses.get(request.path)
        if media_key is None:
            return Answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", "application/xml")
        if self.are_addresses_expired:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
        if request.headers.get("Authorization") is not None:
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>", "application/xml")
        if request.headers.get("Content-Type") != "application/octet-stream":
            return _refuse([{"field": "Content-Type", "message": "Expected application/octet-stream"}])
        if request.headers.get("Content-Length") is None:
            return _refuse([{"field": "Content-Length", "message": "Required"}])
        self.media[media_key] = request.body
        return Answer(self.put_status, b"")

    def _show(self, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return json_answer({"message": "Job not found"}, 404)
        shown: dict[str, Any] = {"jobId": job.id, "createdAt": "2026-11-02T09:00:00Z"}
        is_early = time.monotonic() < job.submitted_at + self.script.seconds_until_end
        if is_early or job.polls < self.script.polls_until_end:
            status = ON_THE_WAY[min(job.polls, len(ON_THE_WAY) - 1)]
        else:
            status = self.script.outcome if self._is_audio_good(job) else "failed"
        job.polls += 1
        if status == "succeeded" and not self.script.is_output_gone:
            shown["output"] = self.script.output if self.script.output is not None else self._make_output(job)
        return json_answer({**shown, "status": status, "updatedAt": "2026-11-02T09:00:21Z"})

    def _is_audio_good(self, job: Job) -> bool:
        url = job.body["url"]
        if not url.startswith("media://"):
            return True
        content = self.media.get(url)
        if content is None or job.endpoint is not Endpoint.VOICEPRINT:
            return content is not None
        # Whether a longer one is refused or cut is not known.
        return len(content) <= self.largest_sample_bytes and _measure(content) <= LONGEST_SAMPLE_SECONDS

    def _make_output(self, job: Job) -> dict[str, Any]:
        if job.endpoint is Endpoint.VOICEPRINT:
            return {"voiceprint": self.script.voiceprint}
        turns = [dict(turn) for turn in self.script.turns]
        if job.endpoint is Endpoint.DIARIZE:
            return {"diarization": turns, **({"exclusiveDiarization": turns} if job.body.get("exclusive") else {})}
        label = job.body["voiceprints"][0]["label"]
        matches = self._match(job.body.get("matching") or {})
        return {
            "diarization": turns,
            "identification": [
                {
                    **turn,
                    "speaker": label if turn["speaker"] in matches else turn["speaker"],
                    "diarizationSpeaker": turn["speaker"],
                    "match": label if turn["speaker"] in matches else None,
                }
                for turn in turns
            ],
            "voiceprints": [
                {
                    "speaker": speaker,
                    "match": label if speaker in matches else None,
                    # Whether the scores of others are told is not known.
                    "confidence": {label: score} if speaker in matches else {},
                }
                for speaker, score in self.script.scores.items()
            ],
        }

    def _match(self, matching: Mapping[str, Any]) -> set[str]:
        """The speakers who are taken for the voice: by default the best one, whatever its score."""
        scores = self.script.scores
        found = {speaker for speaker, score in scores.items() if score >= (matching.get("threshold") or 0)}
        if matching.get("exclusive") in (True, None):
            return set(sorted(found, key=lambda speaker: scores[speaker])[-1:])
        return found


def rate_limited(retry_after: str | None = None) -> Answer:
    """Too many requests; `retry_after` is the header."""
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1793610000"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return json_answer({"requestId": "5c1e", "message": "Too many requests."}, 429, headers)


def refused(status: int) -> Answer:
    """Any other status, with a body that nobody may read into."""
    return json_answer({"message": "SECRET-OF-THE-PROVIDER"}, status)


def _refuse(errors: list[dict[str, str]]) -> Answer:
    return json_answer({"message": "Invalid request", "errors": errors}, 400)


def _find_endpoint(path: str) -> Endpoint | None:
    if path in ENDPOINTS:
        return Endpoint(path)
    return next((known for known in (Endpoint.UPLOAD, Endpoint.JOB) if path.startswith(f"{known}/")), None)


def _measure(content: bytes) -> float:
    """The seconds of a WAV; other files are not looked into."""
    if not content.startswith(b"RIFF"):
        return 0
    with wave.open(io.BytesIO(content)) as reader:
        return float(reader.getnframes() / reader.getframerate())

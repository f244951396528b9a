"""Moments in the life of a call at which it may be deleted: how it gets there, who works on it, and where they stop."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.callbacks import receive_callback
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.calls.reanalysis import reanalyze_call
from app.errors import CallNotFoundError
from app.pipeline.dispatcher import dispatch
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.providers.engines import Engines
from app.providers.pyannote.client import PyannoteClient, PyannoteSettings
from app.providers.pyannote.diarizer import PyannoteDiarizer
from app.resources import Resources
from tests.app.audio.recordings import to_wav, tone
from tests.callbacks import CALLBACK_MODE
from tests.doubles.fcm import CLIENT_EMAIL
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.doubles.pyannote import KEY, Pyannote
from tests.engines import RAW, Script, ScriptedCallbackTranscriber, ScriptedNamer
from tests.factories import Factory
from tests.finished import finished_call
from tests.holding import HeldQueue, HeldStore, HeldVoices, Hold, stopped_function
from tests.voices import add_profile

TITLE = "Okapi negotiations"
PUSHING = {
    "firebase_project_id": PROJECT_ID,
    "firebase_client_email": CLIENT_EMAIL,
    "firebase_private_key": signing_key(0).private_pem,
}
HARD = HardFailureError(FailureReason.ANALYSIS_REFUSED)
PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(minutes=20)


@dataclass
class Scene:
    """A process that works on calls of a user, and that stops at the hold. It tells phones of their ends."""

    resources: Resources
    factory: Factory
    owner: UUID
    stack: AsyncExitStack
    script: Script = field(default_factory=Script)
    hold: Hold = field(default_factory=Hold)

    def __post_init__(self) -> None:
        self.change_settings(**PUSHING)

    def change(self, **values: Any) -> None:
        self.resources = replace(self.resources, **values)

    def change_settings(self, **values: Any) -> None:
        self.change(settings=self.resources.settings.model_copy(update=values))

    @property
    def engines(self) -> Engines:
        return self.script.engines()


Prepare = Callable[[Scene], Awaitable[None]]
Begin = Callable[[Scene], Awaitable[CallRecord]]
Work = Callable[[Scene, CallRecord], Awaitable[None]]


async def queued(scene: Scene) -> CallRecord:
    """A call that waits for its first worker."""
    call = await scene.factory.call(scene.owner, status=CallStatus.QUEUED, title=TITLE)
    await scene.factory.audio(call, to_wav(tone(8)))
    return call


async def transcribed(scene: Scene, content: bytes = RAW) -> CallRecord:
    """A call of which only what was said is left, as after a restart."""
    call = await scene.factory.call(scene.owner, status=CallStatus.TRANSCRIBING, title=TITLE)
    await scene.factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, content)
    return call


async def transcribed_without_names(scene: Scene) -> CallRecord:
    """The same where nobody says a name, so that a model has to be asked."""
    return await transcribed(scene, RAW.replace(b"this is Alice", b"good day").replace(b"Alice, this is Robert", b""))


async def finished(scene: Scene) -> CallRecord:
    return await finished_call(scene.factory, scene.owner, title=TITLE)


def in_flight(**columns: Any) -> Begin:
    """A call that nobody works on just now, though it has begun."""

    async def begin(scene: Scene) -> CallRecord:
        call = await scene.factory.call(scene.owner, status=CallStatus.TRANSCRIBING, title=TITLE, **columns)
        await scene.factory.audio(call, to_wav(tone(8)))
        await scene.factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, {"version": 1})
        return call

    return begin


async def by_worker(scene: Scene, call: CallRecord) -> None:
    await process_call(scene.resources, scene.engines, Heartbeat(scene.resources.database), call.id)


async def by_reanalysis(scene: Scene, call: CallRecord) -> None:
    resources = replace(scene.resources, analyst=scene.script.analyst)
    try:
        await reanalyze_call(resources, user_id=call.user_id, call_id=call.id)
    except CallNotFoundError:
        return
    raise AssertionError("somebody was told that a deleted call was analysed")


async def by_callback(scene: Scene, call: CallRecord) -> None:
    await receive_callback(scene.resources, call.id, RAW, "request-1")


async def by_dispatcher(scene: Scene, _: CallRecord) -> None:
    await dispatch(scene.resources)


def store(operation: str, key_end: str, *, after: bool = False) -> Prepare:
    async def prepare(scene: Scene) -> None:
        scene.change(storage=HeldStore(scene.resources.storage, scene.hold, operation, key_end, after=after))

    return prepare


def queue(operation: str, *errors: Exception) -> Prepare:
    async def prepare(scene: Scene) -> None:
        assert scene.resources.settings.redis_url is not None
        held = HeldQueue(scene.resources.settings.redis_url, scene.hold, operation)
        scene.stack.push_async_callback(held.close)
        scene.change(queue=held)
        scene.script.analyst.errors = list(errors)

    return prepare


def engine(name: str, *errors: Exception) -> Prepare:
    async def prepare(scene: Scene) -> None:
        stopped = getattr(scene.script, name)
        scene.hold.stop(stopped)
        stopped.errors = list(errors)

    return prepare


def function(name: str) -> Prepare:
    async def prepare(scene: Scene) -> None:
        scene.stack.enter_context(stopped_function(scene.hold, name))

    return prepare


async def submission(scene: Scene) -> None:
    scene.script.transcriber = ScriptedCallbackTranscriber()
    scene.change_settings(**CALLBACK_MODE)
    scene.hold.stop(scene.script.transcriber)


async def diarization_failed(scene: Scene) -> None:
    scene.script.diarizer.provider = "pyannote"
    scene.script.diarizer.errors = [RuntimeError("no voices today")]
    await store("put", "state.json")(scene)


async def poll(scene: Scene) -> None:
    double = scene.stack.enter_context(Pyannote())
    settings = PyannoteSettings(double.url, KEY, timeout_seconds=60, poll_interval_seconds=5, max_retries=0)
    client = PyannoteClient(scene.resources.http, settings, sleep=scene.hold)
    scene.script.diarizer = PyannoteDiarizer(client, model="precision-2", max_audio_minutes=30)  # type: ignore


async def voices(scene: Scene) -> None:
    scene.change_settings(voice_embedding_enabled=True)
    scene.change(voices=HeldVoices(hold=scene.hold))
    await add_profile(scene.resources, scene.owner)


async def namer(scene: Scene) -> None:
    stopped = ScriptedNamer()
    scene.hold.stop(stopped)
    scene.change(speaker_namer=stopped)


@dataclass(frozen=True)
class Moment:
    """What a call is doing, and who does it.

    Without `prepare`, nobody works on the call, and `work` begins after the deletion. `is_cancelled`: it is a run that
    finds its call gone. `has_failed`: the call was FAILED by then, and counted as such.
    """

    prepare: Prepare | None
    begin: Begin = transcribed
    work: Work = by_worker
    is_cancelled: bool = True
    has_failed: bool = False


def idle(begin: Begin, work: Work = by_worker) -> Moment:
    return Moment(None, begin, work, is_cancelled=False)


def called_back(prepare: Prepare) -> Moment:
    return Moment(prepare, in_flight(callback_deadline_at=FUTURE), by_callback, is_cancelled=False)


MOMENTS: dict[str, Moment] = {
    "waits for a worker": idle(queued),
    "rests after an error": idle(in_flight(lease_expires_at=FUTURE, attempts=1)),
    "was claimed by a worker that died": idle(in_flight(claim_token=uuid4(), lease_expires_at=PAST, attempts=1)),
    "waits for its callback": idle(in_flight(callback_deadline_at=FUTURE), by_callback),
    "is sent to a worker": Moment(queue("send_process_call"), queued, by_dispatcher, is_cancelled=False),
    "recording is read": Moment(store("iter_chunks", "temp/audio.wav"), queued),
    "diarizer works": Moment(engine("diarizer"), queued),
    "pyannote is polled": Moment(poll, queued),
    "pyannote has failed": Moment(diarization_failed, queued),
    "turns are about to be stored": Moment(store("put", "diarization.json"), queued),
    "turns have no row yet": Moment(store("put", "diarization.json", after=True), queued),
    "state has no row yet": Moment(store("put", "state.json", after=True), queued),
    "transcriber works": Moment(engine("transcriber"), queued),
    "transcriber fails": Moment(engine("transcriber", HARD), queued),
    "recording is submitted": Moment(submission, queued),
    "transcript is about to be stored": Moment(store("put", "raw.json"), queued),
    "transcript has no row yet": Moment(store("put", "raw.json", after=True), queued),
    "callback is about to be stored": called_back(store("put_first", "raw.json")),
    "callback has no row yet": called_back(store("put_first", "raw.json", after=True)),
    "callback is sent on": called_back(queue("send_process_call")),
    "transcript is read": Moment(function("parse")),
    "transcript is aligned": Moment(function("align")),
    "transcript is normalised": Moment(function("_normalize")),
    "voice is looked for": Moment(voices, queued),
    "speakers are named": Moment(function("resolve_speakers")),
    "model names speakers": Moment(namer, transcribed_without_names),
    "named transcript is about to be stored": Moment(store("put", "normalized.json")),
    "named transcript has no row yet": Moment(store("put", "normalized.json", after=True)),
    "analyst works": Moment(engine("analyst")),
    "analyst fails": Moment(engine("analyst", HARD)),
    "run breaks": Moment(engine("analyst", RuntimeError("out of luck"))),
    "analysis is about to be stored": Moment(store("put", "analysis.json")),
    "analysis has no row yet": Moment(store("put", "analysis.json", after=True)),
    "is completed and not yet told of": Moment(queue("send_notify_call"), is_cancelled=False),
    "is completed with its recording": Moment(store("delete", "temp/audio.wav"), queued, is_cancelled=False),
    "has failed and is not yet told of": Moment(queue("send_notify_call", HARD), is_cancelled=False, has_failed=True),
    "analyst works again": Moment(engine("analyst"), finished, by_reanalysis),
    "analyst fails again": Moment(engine("analyst", HARD), finished, by_reanalysis),
    "new transcript is about to be stored": Moment(store("put", "normalized.json"), finished, by_reanalysis),
    "new analysis has no row yet": Moment(store("put", "analysis.json", after=True), finished, by_reanalysis),
}
"""By what a call is doing, in the order of its life."""

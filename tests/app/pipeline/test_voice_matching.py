"""Stage 7 on a call's way through a worker: who is asked, what is made of it, why nobody is asked.

Source: transcript.md, section 5.12; pipeline.md, sections 11.1 and 14 (P4).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.errors import VoiceProviderError, VoiceProviderProblem
from app.observability.logging import configure_logging
from app.pipeline.claims import ClaimLostError
from app.providers.protocols import VoiceInterval
from app.resources import Resources
from app.settings import Settings, load_settings
from tests.app.pipeline.test_orchestrator import events_of, queued, read_call, tone, work
from tests.engines import RAW, TURNS, Script
from tests.factories import Factory
from tests.finished import read_stored
from tests.voices import SECRET, VOICEPRINT, ScriptedVoices, add_profile

ROBERT_IS_MEERA = (VoiceInterval(0.0, 2.2, 0.31), VoiceInterval(2.2, 5.2, 0.91), VoiceInterval(5.2, 8.0, 0.31))
STATE = {
    "version": 1,
    "provider": "stub",
    "model": "script",
    "channelMode": "mono",
    "durationSeconds": 8.0,
    "turns": [{"start": turn.start_seconds, "end": turn.end_seconds, "speaker": turn.speaker} for turn in TURNS],
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The server recognises voices."""
    return settings.model_copy(update={"voice_embedding_enabled": True})


@pytest.fixture
def voices() -> ScriptedVoices:
    return ScriptedVoices(intervals=ROBERT_IS_MEERA)


@pytest.fixture
def resources(resources: Resources, voices: ScriptedVoices) -> Resources:
    return replace(resources, voices=voices)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def meera(factory: Factory, resources: Resources) -> UUID:
    """A user with a name and a voice profile."""
    user_id = await factory.user("meera", display_name="Meera Nair")
    await add_profile(resources, user_id)
    return user_id


async def transcript_of(resources: Resources, call: CallRecord) -> dict[str, Any]:
    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    transcript: dict[str, Any] = (await read_stored(resources, call)).transcript
    return transcript


def voice_facts(transcript: dict[str, Any]) -> tuple[bool, bool, str]:
    """Whether the feature was on, whether the provider was asked, and how it went."""
    facts = transcript["speakerResolution"]
    return facts["voiceEmbeddingEnabled"], facts["voiceProfileUsed"], facts["voiceMatchStatus"]


def scores(transcript: dict[str, Any]) -> list[tuple[float | None, bool | None]]:
    return [(speaker["voiceMatchScore"], speaker["voiceProfileMatched"]) for speaker in transcript["speakers"]]


def voice_lines(logs: Sequence[Any]) -> list[dict[str, Any]]:
    return [dict(line) for line in logs if line["event"].startswith("VOICE_MATCH")]


async def test_matched_speaker_is_the_user(
    resources: Resources, factory: Factory, meera: UUID, script: Script, voices: ScriptedVoices
) -> None:
    call = await queued(factory, meera, contact_name="Alice Ode")

    with capture_logs() as logs:
        await work(resources, script, call.id)

    transcript = await transcript_of(resources, call)
    first, second = transcript["speakers"]
    assert (second["role"], second["displayName"], second["confidence"]) == ("USER", "Meera Nair", "HIGH")
    assert (second["labelSource"], first["role"]) == ("VOICE_EMBEDDING", "CONTACT")
    assert scores(transcript) == [(None, None), (0.91, True)]
    assert voice_facts(transcript) == (True, True, "MATCHED")
    [(audio, voiceprint)] = voices.asked
    assert (len(audio.diarization), dict(voiceprint)) == (8 * 32_000, dict(VOICEPRINT))
    [started, completed] = voice_lines(logs)
    common = {"callId": str(call.id), "log_level": "info"}
    assert started == {"event": "VOICE_MATCH_STARTED", "provider": "pyannote", **common}
    assert completed.pop("providerMs") >= 0
    assert completed == {"event": "VOICE_MATCH_COMPLETED", "outcome": "MATCHED", "score": 0.91, **common}


async def test_match_takes_place_between_normalisation_and_naming(
    resources: Resources, factory: Factory, meera: UUID, script: Script
) -> None:
    call = await queued(factory, meera)

    await work(resources, script, call.id)

    events = await events_of(resources, call.id)
    begins = events.index("TRANSCRIPT_NORMALIZED COMPLETED")
    assert events[begins : begins + 3] == [
        "TRANSCRIPT_NORMALIZED COMPLETED",
        "VOICE_MATCH_STARTED STARTED",
        "SPEAKER_REFINED COMPLETED",
    ]


@pytest.mark.parametrize(
    ("intervals", "status", "expected"),
    [
        ((VoiceInterval(0.0, 8.0, 0.8),), "AMBIGUOUS", [(0.8, None), (None, None)]),
        ((VoiceInterval(2.5, 5.0, 0.749),), "NO_MATCH", [(None, None), (0.749, None)]),
        ((), "NO_MATCH", [(None, None), (None, None)]),
    ],
    ids=["ambiguous", "no match", "nobody heard"],
)
async def test_words_alone_decide_without_a_match(
    resources: Resources,
    factory: Factory,
    meera: UUID,
    script: Script,
    voices: ScriptedVoices,
    intervals: tuple[VoiceInterval, ...],
    status: str,
    expected: list[tuple[float | None, bool | None]],
) -> None:
    call = await queued(factory, meera)
    voices.intervals = intervals

    await work(resources, script, call.id)

    transcript = await transcript_of(resources, call)
    assert [speaker["displayName"] for speaker in transcript["speakers"]] == ["Alice", "Robert"]
    assert [speaker["labelSource"] for speaker in transcript["speakers"]] == ["SELF_INTRODUCTION"] * 2
    assert (scores(transcript), voice_facts(transcript)) == (expected, (True, True, status))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VoiceProviderError(VoiceProviderProblem.UNAVAILABLE), "unavailable"),
        (VoiceProviderError(VoiceProviderProblem.REJECTED), "rejected"),
        (RuntimeError(f"cannot read {SECRET}"), "RuntimeError"),
    ],
    ids=str,
)
async def test_provider_that_fails_changes_nothing_else(
    resources: Resources,
    factory: Factory,
    meera: UUID,
    script: Script,
    voices: ScriptedVoices,
    error: Exception,
    code: str,
) -> None:
    call = await queued(factory, meera)
    voices.errors = [error]

    with capture_logs() as logs:
        await work(resources, script, call.id)

    transcript = await transcript_of(resources, call)
    assert [speaker["displayName"] for speaker in transcript["speakers"]] == ["Alice", "Robert"]
    assert scores(transcript) == [(None, None), (None, None)]
    assert voice_facts(transcript) == (True, True, "FAILED")
    assert "VOICE_MATCH_STARTED FAILED" in await events_of(resources, call.id)
    [failed] = [line for line in logs if line.get("stage") == "VOICE_MATCH_STARTED" and line.get("status") == "FAILED"]
    assert failed["errorCode"] == code


async def _switch_off(resources: Resources, _: UUID, __: Script) -> Resources:
    return replace(resources, settings=resources.settings.model_copy(update={"voice_embedding_enabled": False}))


async def _without_provider(resources: Resources, _: UUID, __: Script) -> Resources:
    return replace(resources, voices=None)


async def _without_profile(resources: Resources, _: UUID, __: Script) -> Resources:
    return resources


async def _of_another_provider(resources: Resources, owner: UUID, _: Script) -> Resources:
    await add_profile(resources, owner, provider="somebody-else")
    return resources


async def _of_an_older_consent(resources: Resources, owner: UUID, _: Script) -> Resources:
    await add_profile(resources, owner, consent_version="v0")
    return resources


async def _without_turns(resources: Resources, owner: UUID, script: Script) -> Resources:
    await add_profile(resources, owner)
    script.diarizer.errors = [RuntimeError("no turns today")]
    return resources


@pytest.mark.parametrize(
    ("prepare", "facts", "reason"),
    [
        (_switch_off, (False, False, "DISABLED"), "disabled"),
        (_without_provider, (True, False, "SKIPPED"), "provider_unavailable"),
        (_without_profile, (True, False, "SKIPPED"), "no_profile"),
        (_of_another_provider, (True, False, "SKIPPED"), "no_profile"),
        (_of_an_older_consent, (True, False, "SKIPPED"), "consent_outdated"),
        (_without_turns, (True, False, "SKIPPED"), "no_diarization"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_nobody_is_asked(
    resources: Resources,
    factory: Factory,
    alice: UUID,
    script: Script,
    voices: ScriptedVoices,
    prepare: Any,
    facts: tuple[bool, bool, str],
    reason: str,
) -> None:
    call = await queued(factory, alice)
    server = await prepare(resources, alice, script)

    with capture_logs() as logs:
        await work(server, script, call.id)

    assert voice_facts(await transcript_of(resources, call)) == facts
    assert voices.asked == []
    assert voice_lines(logs) == [
        {"event": "VOICE_MATCH_SKIPPED", "reason": reason, "callId": str(call.id), "log_level": "info"}
    ]
    assert [event for event in await events_of(resources, call.id) if event.startswith("VOICE")] == []


async def heard_before(factory: Factory, owner: UUID) -> CallRecord:
    """A call for which an earlier run, or a callback, has stored what was heard."""
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)
    await factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, STATE)
    return call


async def test_recording_is_prepared_again_where_nothing_had_to_be_heard(
    resources: Resources, factory: Factory, meera: UUID, script: Script, voices: ScriptedVoices
) -> None:
    call = await heard_before(factory, meera)
    await factory.audio(call, tone())

    await work(resources, script, call.id)

    assert voice_facts(await transcript_of(resources, call)) == (True, True, "MATCHED")
    [(audio, _)] = voices.asked
    assert len(audio.diarization) == 8 * 32_000
    assert script.asked == (0, 0, 1)


@pytest.mark.parametrize("recording", [None, b"no sound"], ids=["gone", "damaged"])
async def test_recording_that_cannot_be_heard_again(
    resources: Resources,
    factory: Factory,
    meera: UUID,
    script: Script,
    voices: ScriptedVoices,
    recording: bytes | None,
) -> None:
    call = await heard_before(factory, meera)
    if recording is not None:
        await factory.audio(call, recording)

    with capture_logs() as logs:
        await work(resources, script, call.id)

    assert voice_facts(await transcript_of(resources, call)) == (True, False, "SKIPPED")
    assert [line["reason"] for line in voice_lines(logs)] == ["no_audio"]
    assert voices.asked == []


async def test_recording_is_not_prepared_again_for_nothing(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await heard_before(factory, alice)
    await factory.audio(call, tone())

    await work(resources, script, call.id)

    assert voice_facts(await transcript_of(resources, call)) == (True, False, "SKIPPED")
    assert "AUDIO_PREPROCESSED COMPLETED" not in await events_of(resources, call.id)


async def test_call_that_is_lost_meanwhile_is_let_go(
    resources: Resources, factory: Factory, meera: UUID, script: Script, voices: ScriptedVoices
) -> None:
    call = await queued(factory, meera)
    voices.errors = [ClaimLostError()]

    await work(resources, script, call.id)

    assert (await read_call(resources, call.id)).status == CallStatus.TRANSCRIBING
    assert script.analyst.asked == 0


async def test_what_was_learned_of_a_voice_is_told_to_nobody(
    resources: Resources,
    factory: Factory,
    meera: UUID,
    script: Script,
    voices: ScriptedVoices,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(load_settings(log_level="DEBUG"))
    calls = [await queued(factory, meera) for _ in range(2)]
    voices.errors = [VoiceProviderError(VoiceProviderProblem.REJECTED)]

    for call in calls:
        await work(resources, script, call.id)

    objects = [await resources.storage.get(key) for key in await resources.storage.list_keys("users/")]
    told = capsys.readouterr()
    assert "VOICE_MATCH_COMPLETED" in told.err
    assert SECRET not in told.err + told.out
    assert len(objects) == 8
    assert [content for content in objects if SECRET.encode() in content] == []

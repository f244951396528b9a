"""What a call's way adds to the metrics: each thing once, where it happens. Source: pipeline.md, section 12."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.callbacks import receive_callback
from app.calls.deletion import delete_call
from app.calls.models import CallStatus
from app.calls.reanalysis import reanalyze_call
from app.errors import VoiceProviderError, VoiceProviderProblem
from app.pipeline.failures import DiarizationFailedError, DiarizationFallback, FailureReason, HardFailureError
from app.providers.openai.analyst import OpenAiAnalyst
from app.providers.openai.chat import ChatModel
from app.providers.protocols import NameSuggestion, VoiceInterval
from app.resources import Resources
from app.sweeps.callbacks import fail_overdue_callbacks
from tests.app.pipeline.test_orchestrator import queued, rest_is_over, work
from tests.app.providers.openai.models import Pauses, chat_settings
from tests.counting import counted
from tests.doubles.openai import PROSE, OpenAi
from tests.engines import RAW, Script, ScriptedNamer
from tests.factories import Factory
from tests.finished import finished_call
from tests.voices import ScriptedVoices, add_profile

LISTENED = {
    "scryon_audio_preprocessing_duration_seconds_count": 1.0,
    'scryon_diarization_duration_seconds_count{provider="stub"}': 1.0,
    'scryon_transcription_duration_seconds_count{provider="stub"}': 1.0,
}
BUILT = {
    "scryon_transcript_alignment_duration_seconds_count": 1.0,
    "scryon_transcript_normalization_duration_seconds_count": 1.0,
    'scryon_analysis_duration_seconds_count{provider="stub"}': 1.0,
}
ENDED = "scryon_pipeline_total_duration_seconds_count"
COMPLETED = {"scryon_calls_completed_total": 1.0, "scryon_action_items_extracted_total": 2.0, ENDED: 1.0}


@pytest.fixture
def script() -> Script:
    return Script()


def failed(reason: str) -> str:
    return f'scryon_calls_failed_total{{reason="{reason}"}}'


async def test_completed_call_counts_once_and_each_of_its_stages(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)

    await work(resources, script, call.id)
    await work(resources, script, call.id)

    assert counted(resources.metrics) == LISTENED | BUILT | COMPLETED


async def test_total_duration_begins_with_the_row(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice, created_at=datetime.now(UTC) - timedelta(hours=1))

    await work(resources, script, call.id)

    seconds = resources.metrics.registry.get_sample_value("scryon_pipeline_total_duration_seconds_sum")
    assert seconds == pytest.approx(3600, abs=60)


async def test_failed_call_counts_once_under_its_reason(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.transcriber.errors.append(HardFailureError(FailureReason.TRANSCRIPTION_TIMEOUT))

    await work(resources, script, call.id)
    await work(resources, script, call.id)

    assert counted(resources.metrics) == LISTENED | {failed("transcription_timeout"): 1.0, ENDED: 1.0}


async def test_run_that_will_be_repeated_is_no_failed_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.analyst.errors.append(RuntimeError("zebracrossing"))

    await work(resources, script, call.id)
    between = counted(resources.metrics)
    await rest_is_over(resources, call.id)
    await work(resources, script, call.id)

    assert between == LISTENED | BUILT
    repeated = {'scryon_analysis_duration_seconds_count{provider="stub"}': 2.0}
    assert counted(resources.metrics) == LISTENED | BUILT | COMPLETED | repeated


async def test_deleted_call_counts_neither_way(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    transcribe = script.transcriber.transcribe

    async def delete_meanwhile(audio):  # type: ignore[no-untyped-def]
        assert await delete_call(resources, user_id=alice, call_id=call.id)
        return await transcribe(audio)

    script.transcriber.transcribe = delete_meanwhile  # type: ignore[method-assign]

    await work(resources, script, call.id)

    assert not any(name.startswith(("scryon_calls", ENDED)) for name in counted(resources.metrics))


async def test_call_that_goes_on_without_its_diarizer_is_counted(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.diarizer.errors.append(DiarizationFailedError(DiarizationFallback.HTTP_5XX, "zebracrossing"))

    await work(resources, script, call.id)

    found = counted(resources.metrics)
    assert found == LISTENED | BUILT | COMPLETED | {'scryon_diarization_fallback_total{reason="http_5xx"}': 1.0}


async def test_unfiltered_recording_is_counted(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    engines = script.engines()
    unfiltered = replace(engines.audio_settings, is_enabled=False)
    script.engines = lambda: replace(engines, audio_settings=unfiltered)  # type: ignore[method-assign]

    await work(resources, script, call.id)

    fallback = {'scryon_audio_preprocessing_fallback_total{reason="disabled"}': 1.0}
    assert counted(resources.metrics) == LISTENED | BUILT | COMPLETED | fallback


async def test_overdue_callback_is_swept_and_failed(resources: Resources, factory: Factory, alice: UUID) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    await factory.call(alice, status=CallStatus.TRANSCRIBING, callback_deadline_at=past)

    await fail_overdue_callbacks(resources)
    await fail_overdue_callbacks(resources)

    assert counted(resources.metrics) == {
        "scryon_calls_swept_total": 1.0,
        failed("transcription_callback_timeout"): 1.0,
        ENDED: 1.0,
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (RAW, {'scryon_transcription_duration_seconds_count{provider="lemonfox"}': 1.0}),
        (b'{"error": "zebracrossing"}', {failed("transcription_unavailable"): 1.0, ENDED: 1.0}),
    ],
    ids=["transcript", "error"],
)
async def test_callback_is_counted_where_it_arrives(
    resources: Resources, factory: Factory, alice: UUID, content: bytes, expected: dict[str, float]
) -> None:
    now = datetime.now(UTC)
    call = await factory.call(
        alice,
        status=CallStatus.TRANSCRIBING,
        transcription_submitted_at=now,
        callback_deadline_at=now + timedelta(hours=1),
    )

    for _ in range(2):
        await receive_callback(resources, call.id, content, "request-1")

    assert counted(resources.metrics) == expected


async def test_analysis_that_is_made_again_counts_its_items_and_no_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await finished_call(factory, alice)

    await reanalyze_call(replace(resources, analyst=script.analyst), user_id=alice, call_id=call.id)

    assert counted(resources.metrics) == BUILT | {"scryon_action_items_extracted_total": 2.0}


async def test_tokens_are_counted_of_an_analysis_that_failed_too(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    with OpenAi() as service:
        service.completion = PROSE
        model = ChatModel(chat_settings(service))
        analyst = OpenAiAnalyst(
            model, max_transcript_chars=200_000, count_tokens=resources.metrics.count_tokens, sleep=Pauses()
        )
        engines = replace(script.engines(), analyst=analyst)
        script.engines = lambda: engines  # type: ignore[method-assign]

        await work(resources, script, call.id)
        await model.close()

    found = counted(resources.metrics)
    assert found[failed("analysis_invalid_response")] == 1.0
    assert found['scryon_analysis_duration_seconds_count{provider="openai"}'] == 1.0
    tokens = [found[f'scryon_analysis_cost_tokens_total{{type="{type_}"}}'] for type_ in ("prompt", "completion")]
    assert tokens == [240.0, 28.0]


@pytest.mark.parametrize(
    ("intervals", "outcome"),
    [
        ((VoiceInterval(0.0, 2.2, 0.31), VoiceInterval(2.2, 5.2, 0.91), VoiceInterval(5.2, 8.0, 0.31)), "matched"),
        ((VoiceInterval(0.0, 8.0, 0.8),), "ambiguous"),
        ((), "no_match"),
    ],
    ids=["matched", "ambiguous", "no match"],
)
async def test_voice_match_is_counted_with_its_outcome(
    resources: Resources,
    factory: Factory,
    alice: UUID,
    script: Script,
    intervals: tuple[VoiceInterval, ...],
    outcome: str,
) -> None:
    process = with_voices(resources, ScriptedVoices(intervals=intervals))
    await add_profile(process, alice)
    call = await queued(factory, alice)

    await work(process, script, call.id)

    found = {name: count for name, count in counted(resources.metrics).items() if "voice" in name}
    assert found == {
        "scryon_voice_match_attempted_total": 1.0,
        f'scryon_voice_match_outcome_total{{outcome="{outcome}"}}': 1.0,
        "scryon_voice_embedding_provider_duration_seconds_count": 1.0,
    }


@pytest.mark.parametrize(
    ("error", "cause"),
    [(VoiceProviderError(VoiceProviderProblem.UNAVAILABLE), "VoiceProviderError"), (KeyError("zebra"), "other")],
    ids=["provider", "bug"],
)
async def test_voice_match_that_failed_is_counted_with_its_cause(
    resources: Resources, factory: Factory, alice: UUID, script: Script, error: Exception, cause: str
) -> None:
    process = with_voices(resources, ScriptedVoices(errors=[error]))
    await add_profile(process, alice)
    call = await queued(factory, alice)

    await work(process, script, call.id)

    found = {name: count for name, count in counted(resources.metrics).items() if "voice" in name}
    assert found == {
        "scryon_voice_match_attempted_total": 1.0,
        f'scryon_voice_match_failed_total{{cause="{cause}"}}': 1.0,
        "scryon_voice_embedding_provider_duration_seconds_count": 1.0,
    }


def with_voices(resources: Resources, voices: ScriptedVoices) -> Resources:
    settings = resources.settings.model_copy(update={"voice_embedding_enabled": True})
    return replace(resources, settings=settings, voices=voices)


@pytest.mark.parametrize(
    ("namer", "outcome"),
    [
        (ScriptedNamer(), "discarded"),
        (ScriptedNamer(errors=[RuntimeError("zebra")]), "failed"),
        (
            ScriptedNamer(
                suggestions=(NameSuggestion("spk_2", "Anneke", "CONTACT", "HIGH", "seg_0002", "it's Anneke"),)
            ),
            "applied",
        ),
    ],
    ids=["discarded", "failed", "applied"],
)
async def test_suggested_names_are_counted_with_their_outcome(
    resources: Resources, factory: Factory, alice: UUID, script: Script, namer: ScriptedNamer, outcome: str
) -> None:
    script.transcriber.content = RAW.replace(b"Robert", b"zebra").replace(b"Alice", b"zebra").replace(
        b"Hi zebra, this is zebra.", b"Oh, and it's Anneke, by the way."
    )  # fmt: skip
    call = await queued(factory, alice)

    await work(replace(resources, speaker_namer=namer), script, call.id)

    found = {name: count for name, count in counted(resources.metrics).items() if "naming" in name}
    assert found == {f'scryon_speaker_naming_outcome_total{{outcome="{outcome}"}}': 1.0}

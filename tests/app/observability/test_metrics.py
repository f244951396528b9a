"""Names and tags of all metrics. Source: pipeline.md, sections 12 and 14 (P7)."""

import re
from typing import Any

import pytest
from prometheus_client import generate_latest

from app.observability.exposition import describe_metric
from app.observability.metrics import Metrics, make_metrics
from app.pipeline.failures import DiarizationFallback, FailureReason
from app.pipeline.models import Stage
from app.settings import load_settings
from tests.counting import counted

COUNTERS = {
    "scryon_calls_uploaded_total",
    "scryon_calls_completed_total",
    "scryon_calls_failed_total",
    "scryon_calls_swept_total",
    "scryon_audio_preprocessing_fallback_total",
    "scryon_diarization_fallback_total",
    "scryon_analysis_cost_tokens_total",
    "scryon_action_items_extracted_total",
    "scryon_voice_profile_created_total",
    "scryon_voice_profile_deleted_total",
    "scryon_voice_match_attempted_total",
    "scryon_voice_match_outcome_total",
    "scryon_voice_match_failed_total",
    "scryon_speaker_naming_outcome_total",
}
TIMERS = {
    "scryon_pipeline_total_duration_seconds",
    "scryon_audio_preprocessing_duration_seconds",
    "scryon_diarization_duration_seconds",
    "scryon_transcription_duration_seconds",
    "scryon_transcript_alignment_duration_seconds",
    "scryon_transcript_normalization_duration_seconds",
    "scryon_analysis_duration_seconds",
    "scryon_voice_embedding_provider_duration_seconds",
    "http_server_requests_seconds",
    "http_client_requests_seconds",
}


@pytest.fixture
def metrics() -> Metrics:
    return make_metrics(load_settings())


def exposed(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def tags_of(metrics: Metrics, name: str) -> list[str]:
    """The tags of the series of that name, in order."""
    return sorted(re.findall(rf"^{name}\{{(.*)\}} 0\.0$", exposed(metrics), re.MULTILINE))


def test_metrics_have_the_names_of_the_specification(metrics: Metrics) -> None:
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposed(metrics), re.MULTILINE))

    assert types == dict.fromkeys(COUNTERS, "counter") | dict.fromkeys(TIMERS, "histogram")


def test_timer_has_buckets_sum_and_count_and_nothing_else(metrics: Metrics) -> None:
    metrics.pipeline_total_duration.observe(3.5)

    lines = [line for line in exposed(metrics).splitlines() if line.startswith("scryon_pipeline_total_duration")]
    assert lines[0] == 'scryon_pipeline_total_duration_seconds_bucket{le="1.0"} 0.0'
    assert 'scryon_pipeline_total_duration_seconds_bucket{le="5.0"} 1.0' in lines
    assert lines[-2:] == [
        "scryon_pipeline_total_duration_seconds_count 1.0",
        "scryon_pipeline_total_duration_seconds_sum 3.5",
    ]


def test_counters_are_there_before_anything_has_happened(metrics: Metrics) -> None:
    assert counted(metrics) == {}
    assert tags_of(metrics, "scryon_calls_failed_total") == sorted(f'reason="{reason}"' for reason in FailureReason)
    assert tags_of(metrics, "scryon_diarization_fallback_total") == sorted(
        f'reason="{reason}"' for reason in DiarizationFallback
    )
    assert tags_of(metrics, "scryon_calls_uploaded_total") == [
        'direction="INCOMING"',
        'direction="OUTGOING"',
        'direction="UNKNOWN"',
    ]
    assert "scryon_calls_swept_total 0.0" in exposed(metrics)


@pytest.mark.parametrize(
    ("name", "tags", "series"),
    [
        ("scryon.calls.failed", {"reason": "zebracrossing"}, 'scryon_calls_failed_total{reason="other"}'),
        ("scryon.voice.match.failed", {"cause": "KeyError"}, 'scryon_voice_match_failed_total{cause="other"}'),
    ],
)
def test_value_that_is_on_no_list_is_no_tag(metrics: Metrics, name: str, tags: dict[str, str], series: str) -> None:
    instrument: Any = metrics.instruments[name]

    instrument.inc(**tags)

    assert counted(metrics) == {series: 1.0}


def test_request_is_known_by_closed_lists_and_the_template(metrics: Metrics) -> None:
    metrics.http_server_requests.observe(0.1, method="ZEBRA", uri="/api/calls/{id}", status="999")
    metrics.http_client_requests.observe(0.1, host="evil.example", status="200")
    metrics.http_client_requests.observe(0.1, host="api.lemonfox.ai", status="none")

    assert counted(metrics) == {
        'http_server_requests_seconds_count{method="other",status="other",uri="/api/calls/{id}"}': 1.0,
        'http_client_requests_seconds_count{host="other",status="200"}': 1.0,
        'http_client_requests_seconds_count{host="api.lemonfox.ai",status="none"}': 1.0,
    }


def test_stage_without_a_timer_is_left_alone(metrics: Metrics) -> None:
    metrics.observe_stage(Stage.CALL_QUEUED, None, 1.0)
    metrics.observe_stage(Stage.DIARIZED, "zebracrossing", 1.0)
    metrics.observe_stage(Stage.TRANSCRIPT_ALIGNED, None, 1.0)

    assert counted(metrics) == {
        'scryon_diarization_duration_seconds_count{provider="other"}': 1.0,
        "scryon_transcript_alignment_duration_seconds_count": 1.0,
    }


def test_processes_in_one_do_not_share_their_metrics(metrics: Metrics) -> None:
    other = make_metrics(load_settings())

    other.calls_swept.inc()

    assert (counted(metrics), counted(other)) == ({}, {"scryon_calls_swept_total": 1.0})


def test_one_metric_in_json(metrics: Metrics) -> None:
    metrics.count_tokens(120, 14)
    metrics.analysis_duration.observe(2.0, provider="openai")
    metrics.analysis_duration.observe(0.5, provider="openai")

    assert describe_metric(metrics, "scryon.analysis.cost.tokens")["measurements"] == [
        {"tags": {"type": "prompt"}, "count": 120.0},
        {"tags": {"type": "completion"}, "count": 14.0},
    ]
    assert describe_metric(metrics, "scryon.analysis.duration") == {
        "name": "scryon.analysis.duration",
        "description": "Transcript to analysis.",
        "measurements": [{"tags": {"provider": "openai"}, "count": 2.0, "totalSeconds": 2.5}],
    }

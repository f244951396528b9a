"""Which configurations start, and what follows from them. Source: pipeline.md, section 16."""

from typing import Any

import pytest

from app.settings import (
    ActuatorEndpoint,
    AnalysisProvider,
    DiarizationEngine,
    Profile,
    SettingsError,
    TranscriptionProvider,
    load_settings,
)
from tests.callbacks import CALLBACK_MODE

PROJECT = {"firebase_project_id": "demo-scryon"}
ACCOUNT = {
    "firebase_client_email": "scryon@demo-scryon.iam.gserviceaccount.com",
    "firebase_private_key": "-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n",
}


BUCKET = {
    "object_storage_provider": "s3",
    "object_storage_bucket": "calls",
    "object_storage_endpoint": "https://storage.test",
}


def test_server_with_sign_in_is_a_production_server_by_default() -> None:
    assert load_settings(**PROJECT).profile is Profile.PROD
    assert load_settings().profile is Profile.DEV
    assert load_settings(**PROJECT, configured_profile="staging").profile is Profile.STAGING


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        (PROJECT, True),
        ({**PROJECT, "configured_upload_guard": False}, False),
        ({"configured_upload_guard": True}, True),
        ({"api_keys": "key"}, False),
    ],
)
def test_uploads_are_guarded_where_users_sign_in(values: dict[str, Any], expected: bool) -> None:
    assert load_settings(**values).upload_guard_enabled is expected


@pytest.mark.parametrize(
    ("base", "number", "expected"), [(9191, 0, 9191), (9191, 3, 9194), (0, 3, 0), (65534, 3, 65535)]
)
def test_each_worker_has_a_port_of_its_own(base: int, number: int, expected: int) -> None:
    assert load_settings(worker_metrics_port=base).of_worker(number).worker_metrics_port == expected


def test_exposed_endpoints_are_a_list_of_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "health, prometheus")
    settings = load_settings()

    shown = [endpoint for endpoint in ActuatorEndpoint if settings.exposes(endpoint)]

    assert shown == [ActuatorEndpoint.HEALTH, ActuatorEndpoint.PROMETHEUS]
    monkeypatch.setenv("MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "health,env")
    with pytest.raises(SettingsError, match="MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE"):
        load_settings()


def test_line_break_after_a_key_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEMONFOX_API_KEY", " lf_1\n")

    assert load_settings().lemonfox_api_key == "lf_1"


@pytest.mark.parametrize("variable", ["LEMONFOX_API_KEY", "PYANNOTE_API_KEY", "LLM_API_KEY"])
def test_blank_key_is_none(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, " \n")

    settings = load_settings()

    assert getattr(settings, variable.lower()) is None
    assert settings.transcription_engine is TranscriptionProvider.LOCAL
    assert settings.diarization_engine is DiarizationEngine.LOCAL
    assert settings.analysis_engine is AnalysisProvider.LOCAL


def test_blank_key_of_a_bucket_is_none() -> None:
    settings = load_settings(**BUCKET, object_storage_access_key=" ", object_storage_secret_key="\n")

    assert (settings.object_storage_access_key, settings.object_storage_secret_key) == (None, None)


@pytest.mark.parametrize("variable", ["LEMONFOX_API_KEY", "PYANNOTE_API_KEY", "LLM_API_KEY"])
@pytest.mark.parametrize("key", ["sk-12…", "sk-1\nsk-2", "sk-1\x7f"], ids=["ellipsis", "two lines", "control"])
def test_key_that_no_header_can_hold_is_refused_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, key: str
) -> None:
    monkeypatch.setenv(variable, key)

    with pytest.raises(SettingsError, match=f"^{variable}: must be a key as the provider shows it, on one line$"):
        load_settings()


def test_keys_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRYON_API_KEY", " one , two,,")

    assert load_settings().api_keys == ("one", "two")


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({**PROJECT, "firebase_auth_emulator_host": "127.0.0.1:9099"}, "FIREBASE_AUTH_EMULATOR_HOST"),
        (
            {**PROJECT, "configured_profile": "test", "firebase_auth_emulator_host": "http://127.0.0.1:9099"},
            "FIREBASE_AUTH_EMULATOR_HOST",
        ),
        ({**PROJECT, "firebase_client_email": "a@b"}, "FIREBASE_PRIVATE_KEY"),
        ({**PROJECT, **ACCOUNT, "firebase_private_key": "secret"}, "FIREBASE_PRIVATE_KEY"),
        ({"configured_profile": "prod", "server_host": "0.0.0.0"}, "SERVER_HOST"),
        ({"SCRYON_API_KEY": " , "}, "SCRYON_API_KEY"),
        ({"object_storage_provider": "s3"}, "OBJECT_STORAGE_BUCKET"),
        ({**BUCKET, "object_storage_bucket": "my calls"}, "OBJECT_STORAGE_BUCKET"),
        ({**BUCKET, "object_storage_endpoint": "minio:9000"}, "OBJECT_STORAGE_ENDPOINT"),
        ({"lemonfox_base_url": "api.lemonfox.ai"}, "LEMONFOX_BASE_URL"),
        ({"pyannote_base_url": "ftp://api.pyannote.ai"}, "PYANNOTE_BASE_URL"),
        ({"llm_base_url": "http://"}, "LLM_BASE_URL"),
        ({"llm_base_url": "http://127.0.0.1:99999"}, "LLM_BASE_URL"),
        ({"llm_base_url": "http://127.0.0.1:8o"}, "LLM_BASE_URL"),
        ({"redis_url": "http://127.0.0.1:6379"}, "REDIS_URL"),
        ({"redis_url": "redis://127.0.0.1:63790000/0"}, "REDIS_URL"),
        ({"SCRYON_PUBLIC_BASE_URL": "https://scryon.example/?a=b"}, "SCRYON_PUBLIC_BASE_URL"),
        ({**BUCKET, "object_storage_endpoint": None}, "OBJECT_STORAGE_REGION"),
        ({**BUCKET, "object_storage_access_key": "key"}, "OBJECT_STORAGE_SECRET_KEY"),
        ({**CALLBACK_MODE, "public_base_url": None}, "SCRYON_PUBLIC_BASE_URL"),
        ({**CALLBACK_MODE, "webhook_secret": None}, "SCRYON_WEBHOOK_SECRET"),
        ({**CALLBACK_MODE, "webhook_secret": "x" * 31}, "SCRYON_WEBHOOK_SECRET"),
        ({"otel_exporter_otlp_endpoint": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"otel_exporter_otlp_endpoint": "http://collector:4318/?key=secret"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"otel_traces_sampler_arg": "1.1"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"otel_traces_sampler_arg": "-0.1"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"otel_traces_sampler_arg": "nan"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"SCRYON_TRACING_ENABLED": "perhaps"}, "SCRYON_TRACING_ENABLED"),
        ({"management_tracing_enabled": "perhaps"}, "MANAGEMENT_TRACING_ENABLED"),
        ({"SCRYON_OBSERVABILITY_ENABLED": "perhaps"}, "SCRYON_OBSERVABILITY_ENABLED"),
        ({"redact_transcripts": "perhaps"}, "REDACT_TRANSCRIPTS"),
        ({"sentry_dsn": "https://sentry.example/42"}, "SENTRY_DSN"),
        ({"sentry_dsn": "https://key@sentry.example"}, "SENTRY_DSN"),
        ({"sentry_dsn": "https://key@sentry.example:99999/42"}, "SENTRY_DSN"),
        ({"sentry_environment": "a/b"}, "SENTRY_ENVIRONMENT"),
    ],
)
def test_unusable_configuration_stops_the_start(values: dict[str, Any], variable: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(**values)

    assert variable in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "zebracrossing",
        "mysql://u:zebracrossing@h/x",
        "postgresql://u@h:zebracrossing/x",
        "postgresql://u:zebracrossing@[::1/x",
        "postgresql://u:zebracrossing@h:99999/x",
    ],
)
def test_unusable_address_of_the_database_is_told_without_it(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _ = load_settings(db_url=url).configured_database_url

    assert str(refused.value).startswith("DB_URL: ")
    assert "zebracrossing" not in str(refused.value)


def test_secret_of_callbacks_needs_so_many_bytes_and_not_characters() -> None:
    assert load_settings(**{**CALLBACK_MODE, "webhook_secret": "é" * 16}).transcription_callback_enabled


@pytest.mark.parametrize("values", [PROJECT, {"api_keys": "key"}])
def test_guarded_production_server_may_listen_to_the_world(values: dict[str, Any]) -> None:
    settings = load_settings(configured_profile="prod", server_host="0.0.0.0", **values)

    assert settings.is_open is False


def test_service_account_has_real_line_breaks() -> None:
    account = load_settings(**PROJECT, **ACCOUNT).service_account

    assert account is not None
    assert account["private_key"] == "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"
    assert account["project_id"] == "demo-scryon"


@pytest.mark.parametrize(
    "dsn",
    ["https://0a1b@o1.ingest.de.sentry.io/42", "http://key:secret@sentry:9000/42", "https://key@host/sentry/below/7"],
)
def test_address_of_a_tracker_is_taken_and_not_shown(dsn: str) -> None:
    settings = load_settings(sentry_dsn=dsn)

    assert settings.sentry_dsn == dsn
    assert dsn not in repr(settings)


def test_no_secret_is_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREBASE_PRIVATE_KEY", "zebracrossing")
    monkeypatch.setenv("SCRYON_API_KEY", "zebracrossing")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert "zebracrossing" not in str(refused.value)
    assert "zebracrossing" not in repr(load_settings(firebase_client_email="a@b", firebase_private_key=PEM))


PEM = ACCOUNT["firebase_private_key"].replace("MII", "zebracrossing")

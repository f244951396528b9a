"""Configuration: every variable that this version reads, with its default. Read once, handed down.

Empty means unset. An unusable value stops the start and names the variable (`SettingsError`).
Source: pipeline.md, section 16; `.env.example` lists the variables for operators.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_UNITS = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_BASE_URL = re.compile(r"https?://[\w.\-\[\]:]+(/[\w./~-]*)?", re.ASCII)
_PRINTABLE = re.compile(r"[ -~]+")
_DSN = re.compile(r"https?://\w+(:\w+)?@[\w.\-\[\]:]+(/[\w./~-]+)*/\d+", re.ASCII)
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

MIN_WEBHOOK_SECRET_BYTES = 32
GOOGLE_CERTIFICATES_URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105  (an address)


class SettingsError(Exception):
    """The configuration cannot be used; the message is one line per problem and names the variables."""


class Profile(StrEnum):
    """Where this runs; `prod` hides GraphiQL, the API documentation and reanalyze."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"
    TEST = "test"


class TranscriptionProvider(StrEnum):
    """Who turns speech into words; `auto` means Lemonfox where there is a key for it, else the local engine."""

    AUTO = "auto"
    LEMONFOX = "lemonfox"
    LOCAL = "local"


class DiarizationProvider(StrEnum):
    """Who tells voices apart when the recording's own channels do not; for `auto` see `Settings.diarization_engine`."""

    AUTO = "auto"
    PYANNOTE = "pyannote"
    LOCAL = "local"
    NONE = "none"


class DiarizationEngine(StrEnum):
    """What a choice of `DiarizationProvider` comes to; `labels` are those that the transcription brings along."""

    PYANNOTE = "pyannote"
    LABELS = "labels"
    LOCAL = "local"
    NONE = "none"


class AnalysisProvider(StrEnum):
    """Who analyses; `auto` means an OpenAI-compatible model where there is a key for it, else the local engine."""

    AUTO = "auto"
    OPENAI = "openai"
    LOCAL = "local"


class VoiceProvider(StrEnum):
    """Who recognises the user's voice."""

    PYANNOTE = "pyannote"


class AudioFormatName(StrEnum):
    """How prepared audio is sent to a provider."""

    WAV = "wav"
    MP3 = "mp3"


class ActuatorEndpoint(StrEnum):
    """What operators can be shown below `/actuator`."""

    HEALTH = "health"
    INFO = "info"
    METRICS = "metrics"
    PROMETHEUS = "prometheus"


class HealthDetails(StrEnum):
    """Who is told which of the servers is down: `when_authorized` means whoever brings one of the keys."""

    NEVER = "never"
    WHEN_AUTHORIZED = "when_authorized"
    ALWAYS = "always"


class MaxTokensParameter(StrEnum):
    """The name under which a model server takes the limit of its answer (providers.md, section 3.6)."""

    MAX_COMPLETION_TOKENS = "max_completion_tokens"
    MAX_TOKENS = "max_tokens"


def _parse_size(value: Any) -> Any:
    match = re.fullmatch(r"(\d+)\s*([KMG]?B)?", str(value).strip().upper())
    if match is None:
        raise ValueError("must be a number of bytes, or a number with KB, MB or GB")
    return int(match[1]) * _UNITS[match[2] or ""]


def _parse_list(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _parse_keys(value: Any) -> Any:
    keys = _parse_list(value)
    if isinstance(value, str) and not keys:
        # Whoever sets it believes the server to be guarded.
        raise ValueError("must hold at least one key, or be unset")
    return keys


def _drop_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _parse_provider_key(value: Any) -> Any:
    value = _drop_blank(value)
    if isinstance(value, str) and not _PRINTABLE.fullmatch(value.strip()):
        # No header can hold it: each request would fail like one to a server that is away.
        raise ValueError("must be a key as the provider shows it, on one line")
    return value


def _parse_base_url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _BASE_URL.fullmatch(value.strip()) or not _has_usable_port(value.strip()):
        raise ValueError("must be http(s)://host, with port and path where needed")
    return value.strip().rstrip("/")


def _parse_dsn(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _DSN.fullmatch(value.strip()) or not _has_usable_port(value.strip()):
        raise ValueError("must be https://key@host/project, as Sentry shows it")
    return value.strip()


def _parse_redis_url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip().startswith(_REDIS_SCHEMES) or not _has_usable_port(value.strip()):
        raise ValueError("must be redis://host:port/0, rediss:// or unix://")
    return value.strip()


def _has_usable_port(url: str) -> bool:
    """Whether the port is none or one that there can be; clients trip over others in a way that nobody understands."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True


BaseUrl = Annotated[str, BeforeValidator(_parse_base_url)]
ProviderKey = Annotated[str | None, BeforeValidator(_parse_provider_key)]
BucketKey = Annotated[str | None, BeforeValidator(_drop_blank)]
SentryDsn = Annotated[str, BeforeValidator(_parse_dsn)]
RedisUrl = Annotated[str, BeforeValidator(_parse_redis_url)]
ByteSize = Annotated[int, BeforeValidator(_parse_size)]
CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_list)]
ExposureList = Annotated[tuple[ActuatorEndpoint, ...], NoDecode, BeforeValidator(_parse_list)]
KeyList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_keys)]


class Settings(BaseSettings):
    """All of the above as one value; build it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        # A key from a file often ends with a line break, which no header may hold.
        str_strip_whitespace=True,
    )

    # Server
    server_host: str = "127.0.0.1"
    server_port: int = Field(8080, ge=0, le=65535)
    configured_profile: Profile | None = Field(None, validation_alias="SCRYON_PROFILE")
    public_base_url: BaseUrl | None = Field(None, validation_alias="SCRYON_PUBLIC_BASE_URL")
    forwarded_allow_ips: CommaList = Field((), validation_alias="SCRYON_FORWARDED_ALLOW_IPS")
    cors_allowed_origins: CommaList = Field((), validation_alias="SCRYON_CORS_ALLOWED_ORIGINS")
    max_file_size: ByteSize = 50 * 1024**2
    max_request_size: ByteSize = 55 * 1024**2
    max_concurrent_requests: int = Field(256, ge=1, validation_alias="SCRYON_MAX_CONCURRENT_REQUESTS")
    max_concurrent_uploads: int = Field(32, ge=1, validation_alias="SCRYON_MAX_CONCURRENT_UPLOADS")

    # Identity
    firebase_project_id: str | None = None
    firebase_client_email: str | None = None
    firebase_private_key: str | None = Field(None, repr=False)
    firebase_auth_emulator_host: str | None = None
    firebase_certificates_url: str = GOOGLE_CERTIFICATES_URL
    api_keys: KeyList = Field((), validation_alias="SCRYON_API_KEY", repr=False)
    allowed_hosts: CommaList = Field((), validation_alias="SCRYON_ALLOWED_HOSTS")
    admin_allowed_emails: CommaList = Field((), validation_alias="SCRYON_ADMIN_ALLOWED_EMAILS")

    # Upload guard
    configured_upload_guard: bool | None = Field(None, validation_alias="SCRYON_UPLOAD_GUARD_ENABLED")
    max_uploads_per_hour: int = Field(20, ge=1, validation_alias="SCRYON_MAX_UPLOADS_PER_HOUR")
    max_concurrent_active_calls: int = Field(5, ge=1, validation_alias="SCRYON_MAX_CONCURRENT_ACTIVE_CALLS")
    max_monthly_upload_bytes: int = Field(10 * 1024**3, ge=1, validation_alias="SCRYON_MAX_MONTHLY_UPLOAD_BYTES")

    # Postgres and Redis
    data_dir: Path = Field(Path("var"), validation_alias="SCRYON_DATA_DIR")
    db_url: str | None = None
    database_url: str | None = None
    db_username: str = "scryon"
    db_password: str = "scryon"  # noqa: S105  (the documented default of a local database)
    account_cache_seconds: float = Field(5, ge=0, le=60, validation_alias="SCRYON_ACCOUNT_CACHE_SECONDS")
    db_pool_size: int = Field(10, ge=3, le=100, validation_alias="SCRYON_DB_POOL_SIZE")
    migrate_at_start: bool = Field(True, validation_alias="FLYWAY_ENABLED")
    redis_url: RedisUrl | None = None

    # Workers
    worker_processes: int = Field(1, ge=1, le=64, validation_alias="SCRYON_WORKER_PROCESSES")
    worker_threads: int = Field(128, ge=1, le=1024, validation_alias="SCRYON_WORKER_THREADS")
    worker_metrics_port: int = Field(9191, ge=0, le=65535, validation_alias="SCRYON_WORKER_METRICS_PORT")
    pipeline_max_attempts: int = Field(5, ge=1, le=100, validation_alias="SCRYON_PIPELINE_MAX_ATTEMPTS")

    # Sweepers
    sweep_interval_ms: int = Field(300_000, ge=100, validation_alias="SCRYON_SWEEP_INTERVAL_MS")
    sweep_initial_delay_ms: int = Field(60_000, ge=0, validation_alias="SCRYON_SWEEP_INITIAL_DELAY_MS")
    stale_job_timeout_minutes: int = Field(15, ge=1, validation_alias="SCRYON_STALE_JOB_TIMEOUT_MINUTES")
    orphan_grace_minutes: int = Field(60, ge=1, validation_alias="SCRYON_ORPHAN_GRACE_MINUTES")
    event_retention_days: int = Field(30, ge=1, le=30, validation_alias="SCRYON_EVENT_RETENTION_DAYS")

    # Engines
    transcription_provider: TranscriptionProvider = Field(
        TranscriptionProvider.AUTO, validation_alias="SCRYON_TRANSCRIPTION_PROVIDER"
    )
    diarization_provider: DiarizationProvider = Field(
        DiarizationProvider.AUTO, validation_alias="SCRYON_DIARIZATION_PROVIDER"
    )
    llm_provider: AnalysisProvider = Field(
        AnalysisProvider.AUTO, validation_alias=AliasChoices("LLM_PROVIDER", "SCRYON_LLM_PROVIDER")
    )

    # Lemonfox, or any Whisper-compatible server
    lemonfox_api_key: ProviderKey = Field(None, repr=False)
    lemonfox_base_url: BaseUrl = "https://api.lemonfox.ai/v1"
    lemonfox_model: str = "whisper-1"
    lemonfox_language: str | None = None
    lemonfox_timeout_seconds: int = Field(180, ge=1)
    transcription_callback_enabled: bool = Field(False, validation_alias="SCRYON_TRANSCRIPTION_CALLBACK_ENABLED")
    transcription_callback_timeout_minutes: int = Field(
        30, ge=1, le=24 * 60, validation_alias="SCRYON_TRANSCRIPTION_CALLBACK_TIMEOUT_MINUTES"
    )
    webhook_secret: str | None = Field(None, repr=False, validation_alias="SCRYON_WEBHOOK_SECRET")

    # pyannoteAI
    pyannote_enabled: bool | None = None
    pyannote_api_key: ProviderKey = Field(None, repr=False)
    pyannote_base_url: BaseUrl = "https://api.pyannote.ai"
    pyannote_model: str = "precision-2"
    diarization_timeout_seconds: int = Field(300, ge=1, validation_alias="SCRYON_DIARIZATION_TIMEOUT_SECONDS")
    diarization_poll_interval_seconds: float = Field(
        5, ge=0.05, validation_alias="SCRYON_DIARIZATION_POLL_INTERVAL_SECONDS"
    )
    diarization_max_retries: int = Field(2, ge=0, le=10, validation_alias="SCRYON_DIARIZATION_MAX_RETRIES")
    diarization_max_audio_minutes: int = Field(30, ge=1, validation_alias="SCRYON_DIARIZATION_MAX_AUDIO_MINUTES")

    # Voice profiles
    voice_embedding_enabled: bool = Field(False, validation_alias="SCRYON_VOICE_EMBEDDING_ENABLED")
    voice_embedding_provider: VoiceProvider = Field(
        VoiceProvider.PYANNOTE, validation_alias="SCRYON_VOICE_EMBEDDING_PROVIDER"
    )
    voice_embedding_high_threshold: float = Field(
        0.85, ge=0, le=1, validation_alias="SCRYON_VOICE_EMBEDDING_HIGH_THRESHOLD"
    )
    voice_embedding_medium_threshold: float = Field(
        0.75, ge=0, le=1, validation_alias="SCRYON_VOICE_EMBEDDING_MEDIUM_THRESHOLD"
    )
    voice_sample_min_seconds: int = Field(15, ge=1, validation_alias="SCRYON_VOICE_SAMPLE_MIN_SECONDS")
    voice_sample_max_seconds: int = Field(45, ge=1, le=600, validation_alias="SCRYON_VOICE_SAMPLE_MAX_SECONDS")
    voice_sample_max_size_mb: int = Field(10, ge=1, le=100, validation_alias="SCRYON_VOICE_SAMPLE_MAX_SIZE_MB")
    voice_consent_version: str = Field("v1", max_length=64, validation_alias="SCRYON_VOICE_CONSENT_VERSION")

    # OpenAI, or any compatible server
    llm_api_key: ProviderKey = Field(None, repr=False)
    llm_base_url: BaseUrl = "https://api.openai.com/v1"
    llm_model: str = "gpt-4o-mini"
    llm_timeout_seconds: int = Field(120, ge=1)
    llm_temperature: float = Field(0.2, ge=0, le=2)
    llm_max_tokens_parameter: MaxTokensParameter = MaxTokensParameter.MAX_COMPLETION_TOKENS
    llm_max_transcript_chars: int = Field(200_000, ge=2000)
    llm_speaker_naming_enabled: bool = False

    # Audio
    audio_preprocessing_enabled: bool = Field(True, validation_alias="SCRYON_AUDIO_PREPROCESSING_ENABLED")
    audio_preprocessing_timeout_seconds: int = Field(
        60, ge=1, validation_alias="SCRYON_AUDIO_PREPROCESSING_TIMEOUT_SECONDS"
    )
    audio_preprocessing_output_format: AudioFormatName = Field(
        AudioFormatName.WAV, validation_alias="SCRYON_AUDIO_PREPROCESSING_OUTPUT_FORMAT"
    )
    audio_denoise_enabled: bool = Field(True, validation_alias="SCRYON_AUDIO_DENOISE_ENABLED")
    audio_highpass_hz: int = Field(80, ge=0, validation_alias="SCRYON_AUDIO_HIGHPASS_HZ")
    audio_denoise_nr_db: int = Field(12, ge=1, le=97, validation_alias="SCRYON_AUDIO_DENOISE_NR_DB")
    audio_denoise_noise_floor_db: int = Field(
        -25, ge=-80, le=-20, validation_alias="SCRYON_AUDIO_DENOISE_NOISE_FLOOR_DB"
    )
    ffmpeg_path: str = Field("ffmpeg", validation_alias="SCRYON_FFMPEG_PATH")
    dual_channel_enabled: bool = Field(True, validation_alias="SCRYON_DUAL_CHANNEL_ENABLED")
    diarization_hint_two_speakers: bool = Field(True, validation_alias="SCRYON_DIARIZATION_HINT_TWO_SPEAKERS")
    max_audio_minutes: int = Field(240, ge=1, validation_alias="SCRYON_MAX_AUDIO_MINUTES")

    # Object storage
    object_storage_provider: str = Field("local", pattern="^(local|s3)$")
    object_storage_local_path: Path | None = None
    object_storage_bucket: str | None = None
    object_storage_endpoint: BaseUrl | None = None
    object_storage_region: str = "auto"
    object_storage_access_key: BucketKey = Field(None, repr=False)
    object_storage_secret_key: BucketKey = Field(None, repr=False)
    object_storage_path_style_access: bool = True
    object_storage_temp_audio_ttl_hours: int = Field(24, ge=1, le=24)

    # Logs, metrics, traces, reports of errors
    observability_enabled: bool = Field(True, validation_alias="SCRYON_OBSERVABILITY_ENABLED")
    exposed_endpoints: ExposureList = Field(
        tuple(ActuatorEndpoint), validation_alias="MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE"
    )
    health_details: HealthDetails = Field(
        HealthDetails.WHEN_AUTHORIZED, validation_alias="MANAGEMENT_ENDPOINT_HEALTH_SHOW_DETAILS"
    )
    debug_endpoints_enabled: bool = Field(False, validation_alias="SCRYON_DEBUG_ENDPOINTS_ENABLED")
    request_logging_enabled: bool = Field(True, validation_alias="SCRYON_REQUEST_LOGGING_ENABLED")
    pipeline_logging_enabled: bool = Field(True, validation_alias="SCRYON_PIPELINE_LOGGING_ENABLED")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", validation_alias="LOGGING_LEVEL_COM_SCRYON")
    redact_transcripts: bool = True
    tracing_enabled: bool = Field(False, validation_alias="SCRYON_TRACING_ENABLED")
    management_tracing_enabled: bool = False
    otel_exporter_otlp_endpoint: BaseUrl | None = None
    otel_traces_sampler_arg: float = Field(0.1, ge=0, le=1)
    sentry_dsn: SentryDsn | None = Field(None, repr=False)
    # What Sentry takes for a name.
    sentry_environment: str = Field("local", pattern=r"^[^\s/]{1,64}$")

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if bool(self.firebase_client_email) != bool(self.firebase_private_key):
            raise ValueError("FIREBASE_CLIENT_EMAIL and FIREBASE_PRIVATE_KEY: a service account needs both")
        if self.firebase_private_key and "-----BEGIN" not in self.firebase_private_key:
            raise ValueError("FIREBASE_PRIVATE_KEY: must be a key in PEM form, -----BEGIN PRIVATE KEY-----…")
        if self.firebase_auth_emulator_host and "//" in self.firebase_auth_emulator_host:
            raise ValueError("FIREBASE_AUTH_EMULATOR_HOST: must be host:port, without a scheme")
        if self.profile is Profile.PROD:
            self._check_production()
        if self.object_storage_provider == "s3":
            self._check_bucket()
        if self.transcription_callback_enabled:
            self._check_callbacks()
        if self.voice_sample_min_seconds > self.voice_sample_max_seconds:
            raise ValueError("SCRYON_VOICE_SAMPLE_MIN_SECONDS: must not be above SCRYON_VOICE_SAMPLE_MAX_SECONDS")
        if self.voice_embedding_medium_threshold > self.voice_embedding_high_threshold:
            raise ValueError(
                "SCRYON_VOICE_EMBEDDING_MEDIUM_THRESHOLD: must not be above SCRYON_VOICE_EMBEDDING_HIGH_THRESHOLD"
            )
        return self

    def _check_bucket(self) -> None:
        if not self.object_storage_bucket:
            raise ValueError("OBJECT_STORAGE_BUCKET: needed with OBJECT_STORAGE_PROVIDER=s3")
        # obstore would panic over these instead of complaining.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.object_storage_bucket):
            raise ValueError("OBJECT_STORAGE_BUCKET: must be a name of letters, digits, dots and hyphens")
        if not self.object_storage_endpoint and self.object_storage_region == "auto":
            raise ValueError("OBJECT_STORAGE_REGION: needed with AWS, that is without OBJECT_STORAGE_ENDPOINT")
        if bool(self.object_storage_access_key) != bool(self.object_storage_secret_key):
            raise ValueError("OBJECT_STORAGE_ACCESS_KEY and OBJECT_STORAGE_SECRET_KEY: a key needs both")

    def _check_callbacks(self) -> None:
        if not self.public_base_url:
            raise ValueError("SCRYON_PUBLIC_BASE_URL: needed with SCRYON_TRANSCRIPTION_CALLBACK_ENABLED=true")
        if len((self.webhook_secret or "").encode()) < MIN_WEBHOOK_SECRET_BYTES:
            raise ValueError(
                f"SCRYON_WEBHOOK_SECRET: needed with SCRYON_TRANSCRIPTION_CALLBACK_ENABLED=true, at least "
                f"{MIN_WEBHOOK_SECRET_BYTES} bytes"
            )

    def _check_production(self) -> None:
        if self.firebase_auth_emulator_host and self.firebase_project_id:
            raise ValueError(
                "FIREBASE_AUTH_EMULATOR_HOST: the emulator's tokens are unsigned, so that anybody could be anybody; "
                "set SCRYON_PROFILE to something else than prod, which is the default with FIREBASE_PROJECT_ID"
            )
        if self.is_open and not self.is_loopback:
            raise ValueError(
                "SERVER_HOST: with SCRYON_PROFILE=prod nobody may listen beyond loopback without FIREBASE_PROJECT_ID "
                "or SCRYON_API_KEY"
            )

    @property
    def profile(self) -> Profile:
        """`prod` by default where users sign in, else `dev`."""
        return self.configured_profile or (Profile.PROD if self.firebase_project_id else Profile.DEV)

    @property
    def is_open(self) -> bool:
        """Whether requests need neither token nor key."""
        return not self.firebase_project_id and not self.api_keys

    @property
    def upload_guard_enabled(self) -> bool:
        """Whether the limits on uploads hold: by default where users sign in."""
        return bool(self.firebase_project_id) if self.configured_upload_guard is None else self.configured_upload_guard

    @property
    def service_account(self) -> dict[str, str] | None:
        """What Google's client takes for a service account; None without one."""
        if not self.firebase_client_email or not self.firebase_private_key:
            return None
        return {
            "type": "service_account",
            "project_id": self.firebase_project_id or "",
            "client_email": self.firebase_client_email,
            # Environments often cannot hold line breaks.
            "private_key": self.firebase_private_key.replace("\\n", "\n"),
            "token_uri": GOOGLE_TOKEN_URL,
        }

    @property
    def sends_pushes(self) -> bool:
        """Whether phones are told of finished calls: needs a Firebase project and its service account."""
        return bool(self.firebase_project_id) and self.service_account is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.server_host in _LOOPBACK_HOSTS

    def of_worker(self, number: int) -> Self:
        """The settings of one of several workers, counted from 0: each has a port of its own, as far as there are some.

        0, which takes any free port, is for all of them.
        """
        port = self.worker_metrics_port
        return self.model_copy(update={"worker_metrics_port": min(port + number, 2**16 - 1) if port else 0})

    def exposes(self, endpoint: ActuatorEndpoint) -> bool:
        """Whether this is served below `/actuator`; metrics are not while observability is switched off."""
        is_measured = endpoint in (ActuatorEndpoint.METRICS, ActuatorEndpoint.PROMETHEUS)
        return endpoint in self.exposed_endpoints and (self.observability_enabled or not is_measured)

    @property
    def shows_tools(self) -> bool:
        """Whether GraphiQL, introspection pages and `/docs` are served."""
        return self.profile is not Profile.PROD

    @property
    def offers_reanalyze(self) -> bool:
        """Whether a finished call can be analysed again (pipeline.md, section 10)."""
        return self.profile is not Profile.PROD

    @property
    def logs_requests(self) -> bool:
        """Whether each request leaves a line."""
        return self.observability_enabled and self.request_logging_enabled

    @property
    def logs_pipeline(self) -> bool:
        """Whether each stage of a call leaves a line; it leaves a row in any case."""
        return self.observability_enabled and self.pipeline_logging_enabled

    @property
    def wants_traces(self) -> bool:
        """Whether all switches of tracing are on, wherever the spans are to go."""
        return self.observability_enabled and self.tracing_enabled and self.management_tracing_enabled

    @property
    def trace_endpoint(self) -> str | None:
        """The collector that spans are sent to; None when there are no spans (pipeline.md, section 13)."""
        return self.otel_exporter_otlp_endpoint if self.wants_traces else None

    @property
    def configured_database_url(self) -> str | None:
        """`DB_URL`, else `DATABASE_URL`, with `DB_USERNAME` and `DB_PASSWORD` filled in; None when neither is set.

        Raises:
            SettingsError: the URL cannot be parsed or is not `postgresql://`.
        """
        value = self.db_url or self.database_url
        if value is None:
            return None
        # Here and not above: the supervisor of `scryon dev` needs settings at once, and this import takes its time.
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        name = "DB_URL" if self.db_url else "DATABASE_URL"
        try:
            url = make_url(value.removeprefix("jdbc:"))
        except (ArgumentError, ValueError):
            # Their texts quote the URL.
            raise SettingsError(f"{name}: not a database URL") from None
        if url.drivername.split("+")[0] not in ("postgresql", "postgres"):
            raise SettingsError(f"{name}: only postgresql:// is supported")
        if url.port is not None and not 0 < url.port < 2**16:
            raise SettingsError(f"{name}: there is no such port")
        url = url.set(drivername="postgresql")
        if url.username is None:
            url = url.set(username=self.db_username, password=self.db_password)
        return url.render_as_string(hide_password=False)

    @property
    def transcription_engine(self) -> TranscriptionProvider:
        """Who turns speech into words: never `auto` (pipeline.md, section 7)."""
        if self.transcription_provider is not TranscriptionProvider.AUTO:
            return self.transcription_provider
        return TranscriptionProvider.LEMONFOX if self.lemonfox_api_key else TranscriptionProvider.LOCAL

    @property
    def diarization_engine(self) -> DiarizationEngine:
        """Who tells voices apart in a recording without channels of its own (pipeline.md, sections 3.3 and 7).

        `PYANNOTE_ENABLED=false` beats everything, so that it helps in an emergency.
        """
        provider = self.diarization_provider
        is_pyannote_wanted = provider is DiarizationProvider.PYANNOTE or (
            provider is DiarizationProvider.AUTO and self.pyannote_api_key is not None
        )
        if is_pyannote_wanted and self.pyannote_enabled is not False:
            return DiarizationEngine.PYANNOTE
        if provider in (DiarizationProvider.LOCAL, DiarizationProvider.NONE):
            return DiarizationEngine(provider)
        if self.transcription_engine is TranscriptionProvider.LEMONFOX:
            return DiarizationEngine.LABELS
        return DiarizationEngine.LOCAL

    @property
    def analysis_engine(self) -> AnalysisProvider:
        """Who analyses: never `auto` (pipeline.md, section 7)."""
        if self.llm_provider is not AnalysisProvider.AUTO:
            return self.llm_provider
        return AnalysisProvider.OPENAI if self.llm_api_key else AnalysisProvider.LOCAL

    @property
    def storage_path(self) -> Path:
        """The folder of the local object store."""
        return self.object_storage_local_path or self.data_dir / "storage"


DEFAULT_DATABASE_URL = "postgresql://scryon:scryon@localhost:5432/scryon"
DEFAULT_REDIS_URL = "redis://localhost:6379/0"


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; keyword arguments win.

    Raises:
        SettingsError: a value is not usable; the message names each variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_describe(problem) for problem in error.errors())) from None


def _describe(problem: Any) -> str:
    name = ".".join(str(part).upper() for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message

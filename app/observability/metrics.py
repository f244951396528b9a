"""Every metric of a process, API or worker. Nothing of a call is in any of them: names and tags are closed lists.

A process has one `Metrics` in its resources, and nothing is global, since tests have several applications. What is
counted at the end of a call counts once per call, in the process that ended it. Source: pipeline.md, section 12.
"""

from collections.abc import Collection, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry

from app.audio.recording import FallbackReason
from app.calls.models import Direction
from app.observability.instruments import OTHER, Counter, Tags, Timer
from app.pipeline.failures import DiarizationFallback, FailureReason
from app.pipeline.models import Stage
from app.settings import Settings

_PROVIDERS = ("lemonfox", "pyannote", "openai", "local", "dual_channel", "stub")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NO_STATUS = "none"
"""The status of a request to a provider that nobody answered, or that was given up."""

CLIENT_GONE = 499
"""The status of a request whose client did not wait; nobody is sent it."""

_STATUSES = (*(str(status.value) for status in HTTPStatus), str(CLIENT_GONE))

_REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 300)
"""From an answer out of memory to the longest that a client waits for one (rest.md, section 5)."""

_STAGE_BOUNDS = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)
_CALL_BOUNDS = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


class Metrics:
    """The instruments of one process, each under the name that it has in the specification."""

    def __init__(self, client_hosts: Collection[str] = ()) -> None:
        """`client_hosts`: the providers that the settings name; requests to any other host share one tag."""
        self.registry = CollectorRegistry()
        self.client_hosts = frozenset(client_hosts)
        self.instruments: dict[str, Counter | Timer] = {}
        self._add_calls()
        self._add_stages()
        self._add_voices()
        self._add_requests()
        self._stage_timers = {
            Stage.AUDIO_PREPROCESSED: self.audio_preprocessing_duration,
            Stage.DIARIZED: self.diarization_duration,
            Stage.TRANSCRIBED: self.transcription_duration,
            Stage.TRANSCRIPT_ALIGNED: self.transcript_alignment_duration,
            Stage.TRANSCRIPT_NORMALIZED: self.transcript_normalization_duration,
            Stage.ANALYZED: self.analysis_duration,
        }

    def observe_stage(self, stage: Stage, provider: str | None, seconds: float) -> None:
        """Note how long a stage took, whether it went well or not; a stage without a timer is left alone."""
        timer = self._stage_timers.get(stage)
        if timer is not None:
            timer.observe(seconds, provider=provider or OTHER)

    def count_tokens(self, prompt: int, completion: int) -> None:
        """Count what a model has read and written, as it counts it."""
        self.analysis_cost_tokens.inc(prompt, type="prompt")
        self.analysis_cost_tokens.inc(completion, type="completion")

    def _add_calls(self) -> None:
        self.calls_uploaded = self._counter("scryon.calls.uploaded", "Calls taken in.", Tags(direction=Direction))
        self.calls_completed = self._counter("scryon.calls.completed", "Calls that became COMPLETED.")
        self.calls_failed = self._counter(
            "scryon.calls.failed", "Calls that became FAILED.", Tags(reason=FailureReason)
        )
        self.calls_swept = self._counter("scryon.calls.swept", "Calls that a sweeper has failed.")
        self.pipeline_total_duration = self._timer(
            "scryon.pipeline.total.duration", "From the upload of a call to its end.", bounds_seconds=_CALL_BOUNDS
        )

    def _add_stages(self) -> None:
        providers = Tags(provider=_PROVIDERS)
        self.audio_preprocessing_duration = self._timer("scryon.audio.preprocessing.duration", "Decoding, filtering.")
        self.audio_preprocessing_fallback = self._counter(
            "scryon.audio.preprocessing.fallback", "Recordings that went on unfiltered.", Tags(reason=FallbackReason)
        )
        self.diarization_duration = self._timer("scryon.diarization.duration", "Who spoke when.", providers)
        self.diarization_fallback = self._counter(
            "scryon.diarization.fallback", "Calls without a diarizer's turns.", Tags(reason=DiarizationFallback)
        )
        self.transcription_duration = self._timer("scryon.transcription.duration", "Speech to words.", providers)
        self.transcript_alignment_duration = self._timer("scryon.transcript.alignment.duration", "Words to turns.")
        self.transcript_normalization_duration = self._timer(
            "scryon.transcript.normalization.duration", "Segments and speakers."
        )
        self.analysis_duration = self._timer("scryon.analysis.duration", "Transcript to analysis.", providers)
        self.analysis_cost_tokens = self._counter(
            "scryon.analysis.cost.tokens", "Tokens that analyses took.", Tags(type=("prompt", "completion"))
        )
        self.action_items_extracted = self._counter("scryon.action_items.extracted", "Action items of analyses.")

    def _add_voices(self) -> None:
        self.voice_profile_created = self._counter("scryon.voice.profile.created", "Voice profiles made anew.")
        self.voice_profile_deleted = self._counter("scryon.voice.profile.deleted", "Voice profiles removed.")
        self.voice_match_attempted = self._counter("scryon.voice.match.attempted", "Calls looked through for a voice.")
        self.voice_match_outcome = self._counter(
            "scryon.voice.match.outcome", "What came of it.", Tags(outcome=("matched", "no_match", "ambiguous"))
        )
        self.voice_match_failed = self._counter(
            "scryon.voice.match.failed", "What went wrong.", Tags(cause=("VoiceProviderError", OTHER))
        )
        self.voice_embedding_provider_duration = self._timer(
            "scryon.voice.embedding.provider.duration", "Learning a voice, or looking for one."
        )
        self.speaker_naming_outcome = self._counter(
            "scryon.speaker.naming.outcome",
            "What came of the names that a model suggested.",
            Tags(outcome=("applied", "discarded", "failed")),
        )

    def _add_requests(self) -> None:
        self.http_server_requests = self._timer(
            "http.server.requests",
            "Requests answered.",
            # The templates of routes, which are as many as there are.
            Tags(method=_METHODS, uri=None, status=_STATUSES),
            bounds_seconds=_REQUEST_BOUNDS,
        )
        self.http_client_requests = self._timer(
            "http.client.requests",
            "Requests to providers, until their answer begins.",
            Tags(host=self.client_hosts, status=(*_STATUSES, NO_STATUS)),
            bounds_seconds=_REQUEST_BOUNDS,
        )

    def _counter(self, name: str, description: str, tags: Tags | None = None) -> Counter:
        made = Counter(self.registry, name, description, tags or Tags())
        self.instruments[name] = made
        return made

    def _timer(
        self,
        name: str,
        description: str,
        tags: Tags | None = None,
        *,
        bounds_seconds: Sequence[float] = _STAGE_BOUNDS,
    ) -> Timer:
        made = Timer(self.registry, name, description, tags or Tags(), bounds_seconds=bounds_seconds)
        self.instruments[name] = made
        return made


def make_metrics(settings: Settings) -> Metrics:
    """Make the metrics of a process, all at 0."""
    addresses = (
        settings.lemonfox_base_url,
        settings.pyannote_base_url,
        settings.llm_base_url,
        settings.firebase_certificates_url,
    )
    return Metrics({host for address in addresses if (host := urlsplit(address).hostname) is not None})

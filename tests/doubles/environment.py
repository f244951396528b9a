"""What a process has to be told so that its providers are doubles."""

from tests.doubles import lemonfox, openai, pyannote
from tests.doubles.lemonfox import Lemonfox
from tests.doubles.openai import OpenAi
from tests.doubles.pyannote import Pyannote


def provider_environment(transcription: Lemonfox, diarization: Pyannote, model: OpenAi) -> dict[str, str]:
    """The variables that lead to these doubles, with keys that they take."""
    return {
        "LEMONFOX_API_KEY": lemonfox.KEY,
        "LEMONFOX_BASE_URL": transcription.base_url,
        "PYANNOTE_API_KEY": pyannote.KEY,
        "PYANNOTE_BASE_URL": diarization.url,
        "LLM_API_KEY": openai.API_KEY,
        "LLM_BASE_URL": model.base_url,
        "LLM_MODEL": openai.MODEL,
    }

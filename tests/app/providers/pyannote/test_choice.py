"""When pyannoteAI is asked at all. Source: pipeline.md, section 7."""

from typing import Any

import httpx
import pytest

from app.providers.engines import open_engines
from app.providers.local_analysis.analyst import LocalAnalyst
from app.providers.pyannote.voices import PyannoteVoices
from app.resources import open_resources
from app.settings import DiarizationProvider, Settings, load_settings
from tests.app.providers.pyannote.asking import AUDIO, Job
from tests.doubles.pyannote import KEY, Pyannote


@pytest.mark.parametrize(
    ("values", "provider"),
    [
        ({"pyannote_api_key": KEY}, "pyannote"),
        ({"pyannote_api_key": KEY, "pyannote_enabled": True}, "pyannote"),
        ({"pyannote_api_key": KEY, "pyannote_enabled": False}, "local"),
        ({"pyannote_api_key": KEY, "diarization_provider": DiarizationProvider.LOCAL}, "local"),
        ({"pyannote_enabled": True}, "local"),
        ({"diarization_provider": DiarizationProvider.PYANNOTE}, "pyannote"),
        ({}, "local"),
    ],
)
async def test_key_and_switch_choose_the_diarizer(
    http: httpx.AsyncClient, values: dict[str, Any], provider: str
) -> None:
    async with open_engines(load_settings(**values), http, LocalAnalyst()) as engines:
        assert engines.diarizer is not None
        assert engines.diarizer.provider == provider


async def test_settings_reach_the_service(http: httpx.AsyncClient, pyannote: Pyannote) -> None:
    pyannote.script.polls_until_end = 0
    settings = load_settings(pyannote_api_key=KEY, pyannote_base_url=f"{pyannote.url}/", pyannote_model="community-1")

    async with open_engines(settings, http, LocalAnalyst()) as engines:
        assert engines.diarizer is not None
        answer = await engines.diarizer.diarize(AUDIO, max_speakers=None, job=Job().context)

    assert len(answer.turns) == 3
    assert engines.diarizer.model == "community-1"
    assert [job.body["model"] for job in pyannote.jobs.values()] == ["community-1"]


@pytest.mark.parametrize(
    ("values", "has_voices"),
    [
        ({"pyannote_api_key": KEY, "voice_embedding_enabled": True}, True),
        ({"pyannote_api_key": KEY}, False),
        ({"voice_embedding_enabled": True}, False),
        ({"pyannote_api_key": KEY, "voice_embedding_enabled": True, "pyannote_enabled": False}, False),
    ],
)
async def test_voices_need_the_feature_the_key_and_the_switch(
    settings: Settings, values: dict[str, Any], has_voices: bool
) -> None:
    async with open_resources(settings.model_copy(update=values)) as resources:
        assert isinstance(resources.voices, PyannoteVoices) == has_voices

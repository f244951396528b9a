"""What a process opens, by its settings."""

from pathlib import Path
from typing import Any

import pytest

from app.resources import open_resources
from app.settings import load_settings


@pytest.mark.parametrize(
    ("values", "provider"),
    [
        ({"llm_api_key": "sk-test-only"}, None),
        ({"llm_api_key": "sk-test-only", "llm_speaker_naming_enabled": True}, "openai"),
        ({"llm_api_key": "sk-test-only", "llm_speaker_naming_enabled": True, "llm_provider": "local"}, None),
        ({"llm_speaker_naming_enabled": True, "llm_provider": "openai"}, None),
        ({"llm_speaker_naming_enabled": True}, None),
    ],
    ids=["switched off", "on", "local analyst", "no key", "nothing set"],
)
async def test_speakers_are_named_by_the_model_that_analyses(
    tmp_path: Path, values: dict[str, Any], provider: str | None
) -> None:
    async with open_resources(load_settings(data_dir=tmp_path, **values)) as resources:
        namer = resources.speaker_namer

    assert (None if namer is None else namer.provider) == provider

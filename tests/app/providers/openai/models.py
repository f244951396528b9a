"""Chat models and pauses for tests."""

from dataclasses import dataclass, field
from typing import Any

from app.providers.openai.chat import ChatSettings
from app.settings import MaxTokensParameter
from tests.doubles.openai import API_KEY, MODEL, OpenAi

TIMEOUT_SECONDS = 10.0
SHORT_SECONDS = 0.2
"""For tests of timeouts; nothing else is asked with it."""


def chat_settings(service: OpenAi, **values: Any) -> ChatSettings:
    """Settings of a model at the double."""
    defaults = {
        "api_key": API_KEY,
        "base_url": service.base_url,
        "model": MODEL,
        "temperature": 0.2,
        "max_tokens_parameter": MaxTokensParameter.MAX_COMPLETION_TOKENS,
        "timeout_seconds": TIMEOUT_SECONDS,
    }
    return ChatSettings(**(defaults | values))  # type: ignore[arg-type]


@dataclass
class Pauses:
    """Sleeps not at all, and notes for how long it should have."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)

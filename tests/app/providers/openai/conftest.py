import io
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest
import structlog

from app.observability.logging import configure_logging
from app.providers.openai.analyst import OpenAiAnalyst
from app.providers.openai.chat import ChatModel
from app.settings import load_settings
from tests.app.providers.openai.models import Pauses, chat_settings
from tests.doubles.openai import OpenAi


class MakeModel(Protocol):
    def __call__(self, service: OpenAi, **values: Any) -> ChatModel: ...


@pytest.fixture
def service() -> Iterator[OpenAi]:
    """A double of OpenAI."""
    with OpenAi() as double:
        yield double


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def make_model() -> AsyncIterator[MakeModel]:
    """Makes models at a double, closed after the test; `values` are members of `ChatSettings`."""
    async with AsyncExitStack() as stack:

        def make(service: OpenAi, **values: Any) -> ChatModel:
            model = ChatModel(chat_settings(service, **values))
            stack.push_async_callback(model.close)
            return model

        yield make


@pytest.fixture
def model(make_model: MakeModel, service: OpenAi) -> ChatModel:
    return make_model(service)


@pytest.fixture
def analyst(model: ChatModel, pauses: Pauses) -> OpenAiAnalyst:
    return OpenAiAnalyst(model, max_transcript_chars=200_000, sleep=pauses)


@pytest.fixture
def debug_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What all loggers write at DEBUG; afterwards everything is as it was."""
    root, output = logging.getLogger(), io.StringIO()
    before = (root.handlers[:], root.level, structlog.get_config())
    monkeypatch.setattr(sys, "stderr", output)
    configure_logging(load_settings(log_level="DEBUG"))
    yield output
    root.handlers[:], level, config = before
    root.setLevel(level)
    structlog.configure(**config)

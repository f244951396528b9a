"""One question to a model of OpenAI or of any compatible server, and its answer in a shape that we choose.

Chat completions and not responses, which compatible servers know less well. Source: providers.md, sections 3.2 to 3.6.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, NonNegativeInt, ValidationError

from app.observability.metrics import Metrics
from app.providers.protocols import TokenCount
from app.settings import MaxTokensParameter, Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

log = structlog.get_logger()


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Message:
    """A part of a question."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """A JSON schema in the strict subset of providers.md 3.2, and its name: letters, digits, `_` and `-`, at most 64.

    Servers that know no schemas are not told of it, so the messages must say what is wanted, too, with the word JSON.
    """

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What the model said, as it said it.

    `content` is empty where there is none: after a refusal, or when the server's answer was no chat completion.
    `tokens` is None when the server did not count.
    """

    content: str
    finish_reason: str | None = None
    refusal: str | None = None
    tokens: TokenCount | None = None


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Which model is asked, where, and how."""

    api_key: str
    base_url: str
    model: str
    temperature: float
    max_tokens_parameter: MaxTokensParameter
    timeout_seconds: float


class _Rung(IntEnum):
    """How a server is made to answer in JSON, the surest way first (providers.md, section 3.6)."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    TEXT = 2


class ChatModel:
    """The model of a process. The library is loaded when it is first asked; `close` it in the end."""

    def __init__(self, settings: ChatSettings, metrics: Metrics | None = None) -> None:
        self._settings = settings
        self._metrics = metrics
        self._sdk: AsyncOpenAI | None = None
        self._opening = asyncio.Lock()
        self._rung = _Rung.JSON_SCHEMA

    async def complete(self, messages: Sequence[Message], shape: AnswerShape, *, max_tokens: int) -> ChatAnswer:
        """Ask once; `LLM_TIMEOUT_SECONDS` is for the whole of it. Nothing about the answer is checked.

        Where a server cannot do the format, the next one is tried, and what worked is tried first from then on.

        Raises:
            ProviderFault: no answer in time, none at all, too large a one, or another status than 2xx.
        """
        sdk = await self._open()
        # Here and not above: it takes its time, outside the event loop, and most API processes never ask a model.
        from app.providers.openai.sdk import FormatRefusedFault, post_chat

        for rung in list(_Rung)[self._rung :]:
            body = self._body(messages, max_tokens) | _format(rung, shape)
            try:
                content = await post_chat(sdk, body, timeout_seconds=self._settings.timeout_seconds)
            except FormatRefusedFault:
                if rung is _Rung.TEXT:
                    raise
            else:
                self._remember(rung)
                break
        return _read_answer(content)

    async def close(self) -> None:
        """Close the connections."""
        if self._sdk is not None:
            await self._sdk.close()

    async def _open(self) -> "AsyncOpenAI":
        async with self._opening:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(_load_sdk, self._settings, self._metrics)
        return self._sdk

    def _body(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        return {
            "model": self._settings.model,
            "messages": [{"role": str(message.role), "content": message.content} for message in messages],
            "temperature": self._settings.temperature,
            str(self._settings.max_tokens_parameter): max_tokens,
        }

    def _remember(self, rung: _Rung) -> None:
        if rung > self._rung:
            self._rung = rung
            log.warning("model_format_refused", used=rung.name.lower())


@asynccontextmanager
async def open_chat_model(settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[ChatModel | None]:
    """The model that the settings name; None when there is no key for one."""
    if not settings.llm_api_key:
        yield None
        return
    model = ChatModel(
        ChatSettings(
            api_key=settings.llm_api_key,
            base_url=settings.llm_base_url,
            model=settings.llm_model,
            temperature=settings.llm_temperature,
            max_tokens_parameter=settings.llm_max_tokens_parameter,
            timeout_seconds=settings.llm_timeout_seconds,
        ),
        metrics,
    )
    try:
        yield model
    finally:
        await model.close()


def _load_sdk(settings: ChatSettings, metrics: Metrics | None) -> "AsyncOpenAI":
    from app.providers.openai.sdk import open_sdk

    return open_sdk(settings.api_key, settings.base_url, metrics)


def _format(rung: _Rung, shape: AnswerShape) -> dict[str, Any]:
    match rung:
        case _Rung.JSON_SCHEMA:
            described = {"name": shape.name, "strict": True, "schema": shape.schema}
            return {"response_format": {"type": "json_schema", "json_schema": described}}
        case _Rung.JSON_OBJECT:
            return {"response_format": {"type": "json_object"}}
        case _Rung.TEXT:
            return {}


class _Message(BaseModel):
    content: Any = None
    refusal: Any = None


class _Choice(BaseModel):
    finish_reason: Any = None
    message: _Message


class _Completion(BaseModel):
    """Their shape, as far as we look at it; `usage` may be anything where nobody counts."""

    choices: list[_Choice]
    usage: Any = None


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt
    completion_tokens: NonNegativeInt


def _read_answer(body: bytes) -> ChatAnswer:
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError:
        return ChatAnswer("")
    tokens = _read_tokens(completion.usage)
    if not completion.choices:
        return ChatAnswer("", tokens=tokens)
    choice = completion.choices[0]
    return ChatAnswer(
        content=_text(choice.message.content) or "",
        finish_reason=_text(choice.finish_reason),
        refusal=_text(choice.message.refusal),
        tokens=tokens,
    )


def _read_tokens(usage: Any) -> TokenCount | None:
    try:
        counted = _Usage.model_validate(usage)
    except ValidationError:
        return None
    return TokenCount(counted.prompt_tokens, counted.completion_tokens)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None

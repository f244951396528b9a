"""The names that a chat model suggests for speakers. Whether they are used is decided elsewhere, by what was said.

Source: transcript.md, section 5.11.
"""

import asyncio

from pydantic import BaseModel, Field, ValidationError

from app.analysis.document import InvalidAnalysisError, parse_analysis
from app.pipeline.transcript import Transcript
from app.providers.openai.chat import ChatAnswer, ChatModel
from app.providers.openai.naming_prompt import NAMING_SHAPE, write_question
from app.providers.protocols import NameSuggestion
from app.providers.sending import Patience, Sleep, with_patience

MAX_ANSWER_TOKENS = 4096
"""Names of a few speakers take some hundred; models that reason count their thoughts, too."""

PATIENCE = Patience(outage_delays_seconds=(2.0,), rate_limit_repeats=0)
"""The call goes on without names, so that nobody waits for long."""


class UnusableNamesError(Exception):
    """The model refused, was cut off, or answered in another shape."""


class OpenAiSpeakerNamer:
    """`SpeakerNamer` by a chat model: one request per call, and another one after an outage."""

    provider = "openai"

    def __init__(self, model: ChatModel, *, sleep: Sleep = asyncio.sleep) -> None:
        self._model = model
        self._sleep = sleep

    async def suggest_names(self, transcript: Transcript) -> tuple[NameSuggestion, ...]:
        """Ask about the beginning of a call.

        Raises:
            ProviderFault: no answer in time, none at all, or another status than 2xx.
            UnusableNamesError: the answer holds no suggestions that can be read.
        """
        question = write_question(transcript)
        if not question:
            return ()
        answer = await with_patience(
            lambda: self._model.complete(question, NAMING_SHAPE, max_tokens=MAX_ANSWER_TOKENS),
            PATIENCE,
            sleep=self._sleep,
        )
        return _read_suggestions(answer)


class _Suggestion(BaseModel):
    """Null and missing are nothing; servers that know no schemas leave out what they have no value for."""

    speaker_id: str | None = Field(None, alias="speakerId")
    name: str | None = None
    role: str | None = None
    confidence: str | None = None
    segment_id: str | None = Field(None, alias="segmentId")
    quote: str | None = None


class _Names(BaseModel):
    speakers: list[_Suggestion]


def _read_suggestions(answer: ChatAnswer) -> tuple[NameSuggestion, ...]:
    if answer.refusal is not None or answer.finish_reason in ("length", "content_filter"):
        raise UnusableNamesError(answer.finish_reason or "refused")
    try:
        names = _Names.model_validate(parse_analysis(answer.content.encode()))
    except (InvalidAnalysisError, ValidationError) as error:
        # The message of a validation error quotes the answer.
        raise UnusableNamesError(type(error).__name__) from None
    return tuple(
        NameSuggestion(
            speaker_id=found.speaker_id,
            name=found.name,
            role=found.role.upper() if found.role else None,
            confidence=found.confidence.upper(),
            segment_id=found.segment_id,
            quote=found.quote,
        )
        for found in names.speakers
        if found.speaker_id and found.name and found.confidence and found.quote
    )

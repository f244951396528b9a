"""Asking a model for one document: what is repeated, how often, and what is given up with which reason.

Source: analysis.md, section 8.
"""

import asyncio
from dataclasses import dataclass

from app.analysis.document import Document, InvalidAnalysisError, parse_analysis
from app.pipeline.failures import FailureReason, HardFailureError
from app.providers.openai.chat import ChatAnswer, ChatModel
from app.providers.openai.prompt import Prompt, ask_again
from app.providers.openai.schema import ANALYSIS_SHAPE
from app.providers.protocols import TokenCount
from app.providers.sending import FaultKind, ProviderFault, Sleep, choose_pause

MAX_REQUESTS = 3
"""Per window in all; steps down the ladder of formats are not counted."""

MAX_ANSWER_TOKENS = 16_384
"""What the default model writes at most. The analysis of a dense call takes about half of it, more in some scripts; a
server whose context holds less than a window and this needs a smaller `LLM_MAX_TRANSCRIPT_CHARS`."""

DELAY_SECONDS = 2.0
"""Before a question is repeated, where the server says nothing else."""


class AnswerCutError(Exception):
    """The model reached the limit of its tokens before the end of its answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, byte for byte, and what it says."""

    content: bytes
    document: Document


class Asker:
    """Asks one model about one call and counts the tokens; None as long as the server reports none."""

    def __init__(self, model: ChatModel, sleep: Sleep = asyncio.sleep) -> None:
        self.tokens: TokenCount | None = None
        self._model = model
        self._sleep = sleep

    async def ask(self, prompt: Prompt) -> Answer:
        """Ask until there is one JSON object.

        Raises:
            AnswerCutError: the answer is longer than the model can write.
            HardFailureError: there will be none.
        """
        chances = _Chances()
        while True:
            answer = await self._send(prompt, chances)
            content = answer.content.encode()
            try:
                return Answer(content, parse_analysis(content))
            except InvalidAnalysisError as error:
                if not chances.take_second():
                    raise HardFailureError(FailureReason.ANALYSIS_INVALID_RESPONSE) from error
            prompt = ask_again(prompt)

    async def _send(self, prompt: Prompt, chances: "_Chances") -> ChatAnswer:
        """Send a question, again where that may help; raises as `ask` does."""
        answer = None
        while answer is None:
            chances.requests_left -= 1
            try:
                answer = await self._model.complete(prompt, ANALYSIS_SHAPE, max_tokens=MAX_ANSWER_TOKENS)
            except ProviderFault as fault:
                if not chances.has_another_after(fault):
                    raise HardFailureError(_reason(fault)) from fault
                await self._sleep(choose_pause(fault.retry_after_seconds, DELAY_SECONDS))
        if answer.tokens is not None:
            self.tokens = answer.tokens if self.tokens is None else self.tokens + answer.tokens
        if answer.refusal is not None or answer.finish_reason == "content_filter":
            raise HardFailureError(FailureReason.ANALYSIS_REFUSED)
        if answer.finish_reason == "length":
            raise AnswerCutError
        return answer


@dataclass
class _Chances:
    """What is left for one question. The second chance is for an outage or for an answer that cannot be read."""

    requests_left: int = MAX_REQUESTS
    has_second: bool = True

    def take_second(self) -> bool:
        """Use up the second chance; False when there is none, or no request for it."""
        is_there = self.has_second and self.requests_left > 0
        self.has_second = False
        return is_there

    def has_another_after(self, fault: ProviderFault) -> bool:
        """Whether the same question may be asked again after this; for an outage that takes the second chance."""
        if fault.is_rate_limit:
            return self.requests_left > 0
        # Unlike elsewhere a timeout is an outage, and 408 and 425 are refusals like any other 4xx.
        is_outage = fault.kind is FaultKind.TIMEOUT or (fault.is_outage and not _is_refusal(fault))
        return is_outage and self.take_second()


def _is_refusal(fault: ProviderFault) -> bool:
    return fault.status is not None and 400 <= fault.status < 500


def _reason(fault: ProviderFault) -> FailureReason:
    if _is_refusal(fault):
        return FailureReason.ANALYSIS_4XX
    match fault.kind:
        case FaultKind.TIMEOUT:
            return FailureReason.ANALYSIS_TIMEOUT
        case FaultKind.TOO_LARGE:
            return FailureReason.ANALYSIS_INVALID_RESPONSE
        case _:
            return FailureReason.ANALYSIS_UNAVAILABLE

"""The analyst that asks a model of OpenAI or of any compatible server.

Windows of a long call are asked one after the other: small servers answer no faster side by side, rate limits are met
later, and nothing is paid for after the first failure. Source: analysis.md, sections 6.1 and 8.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.transcript import Transcript
from app.providers.openai.asking import Answer, AnswerCutError, Asker
from app.providers.openai.chat import ChatModel
from app.providers.openai.lint import names_speakers
from app.providers.openai.prompt import PromptWriter, measure_part
from app.providers.openai.windows import Window, cut_windows, group_parts, halve_window
from app.providers.protocols import AnalysisAnswer, AnalysisRequest
from app.providers.sending import Sleep

log = structlog.get_logger()


class OpenAiAnalyst:
    """`Analyst` by a chat model. `model` is None when there is no key for one, so that every call fails.

    `count_tokens` is told of the tokens in and out of each analysis, of one that failed, too: they are paid for.
    """

    provider = "openai"

    def __init__(
        self,
        model: ChatModel | None,
        *,
        max_transcript_chars: int,
        count_tokens: Callable[[int, int], None] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._model = model
        self._max_chars = max_transcript_chars
        self._count_tokens = count_tokens
        self._sleep = sleep

    async def analyze(self, transcript: Transcript, request: AnalysisRequest) -> AnalysisAnswer:
        """Answer the document byte for byte as the model wrote it, the last one where several make one.

        Raises:
            HardFailureError: the model did not deliver, with one of the reasons `analysis_…`.
        """
        if self._model is None:
            raise HardFailureError(FailureReason.ANALYSIS_NOT_CONFIGURED)
        asker = Asker(self._model, self._sleep)
        # Outside the event loop, since it looks at every word of the call.
        writer = await asyncio.to_thread(PromptWriter, transcript, request)
        work = _Analysis(asker, writer, self._max_chars)
        try:
            answers = await work.analyze_windows(transcript)
            answer = await work.merge(answers)
        except AnswerCutError as error:
            raise HardFailureError(FailureReason.ANALYSIS_TRUNCATED) from error
        finally:
            if asker.tokens is not None and self._count_tokens is not None:
                self._count_tokens(asker.tokens.prompt, asker.tokens.completion)
        if names_speakers(answer.document):
            log.warning("analysis_names_speakers", callId=str(request.call_id))
        return AnalysisAnswer(answer.content, asker.tokens, windows=len(answers))


class _Analysis:
    """The questions about one call. Its methods raise what `Asker.ask` raises."""

    def __init__(self, asker: Asker, writer: PromptWriter, max_chars: int) -> None:
        self._asker = asker
        self._writer = writer
        self._max_chars = max_chars

    async def analyze_windows(self, transcript: Transcript) -> list[Answer]:
        """Answer one analysis per window, at least one."""
        windows = cut_windows(transcript.segments, self._max_chars, self._writer.measure) or [Window(())]
        is_whole = len(windows) == 1
        return [answer for window in windows for answer in await self._analyze_window(window, is_whole=is_whole)]

    async def merge(self, answers: Sequence[Answer]) -> Answer:
        """Have neighbouring analyses made into one, in several rounds when they are too long for one question."""
        while len(answers) > 1:
            groups = group_parts(answers, self._max_chars, lambda answer: measure_part(answer.document))
            answers = [await self._merge_group(group) for group in groups]
        return answers[0]

    async def _analyze_window(self, window: Window, *, is_whole: bool) -> list[Answer]:
        try:
            return [await self._asker.ask(self._writer.ask_for_window(window, is_whole=is_whole))]
        except AnswerCutError:
            if len(window.segments) < 2:
                raise
        halves = halve_window(window, self._writer.measure)
        return [await self._asker.ask(self._writer.ask_for_window(half, is_whole=False)) for half in halves]

    async def _merge_group(self, group: Sequence[Answer]) -> Answer:
        if len(group) == 1:
            return group[0]
        return await self._asker.ask(self._writer.ask_for_merge([answer.document for answer in group]))

"""Stage 10: what the analyst says about a transcript. Source: pipeline.md, section 3; analysis.md, section 8."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.analysis.document import InvalidAnalysisError, parse_analysis
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.run import CallContext
from app.pipeline.transcript import Transcript
from app.providers.protocols import AnalysisRequest, Analyst, TokenCount

ANALYSIS_SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True)
class Analysis:
    """An answer as it is stored, byte for byte, and as it is read; `tokens` is None when nobody counted."""

    content: bytes
    document: dict[str, Any]
    tokens: TokenCount | None
    windows: int

    @property
    def facts(self) -> dict[str, int | str | None]:
        """What the event tells of it."""
        windows = self.windows if self.windows > 1 else None
        return {"tokens": None if self.tokens is None else self.tokens.total, "windows": windows}


async def ask_analyst(analyst: Analyst, call_id: UUID, context: CallContext, transcript: Transcript) -> Analysis:
    """Have a transcript analysed.

    Raises:
        HardFailureError: the analyst did not deliver, or not one JSON object; whatever else it raises is passed on.
    """
    answer = await analyst.analyze(transcript, _request(call_id, context))
    return Analysis(answer.content, read_analysis(answer.content), answer.tokens, answer.windows)


def _request(call_id: UUID, context: CallContext) -> AnalysisRequest:
    return AnalysisRequest(call_id, context.recorded_at, context.title, context.contact_name)


def read_analysis(content: bytes) -> dict[str, Any]:
    """Read the bytes of an analysis. Raises HardFailureError `analysis_invalid_response`."""
    try:
        return parse_analysis(content)
    except InvalidAnalysisError as error:
        raise HardFailureError(FailureReason.ANALYSIS_INVALID_RESPONSE) from error

"""The analyst that needs no key and no network."""

import asyncio

import orjson

from app.pipeline.transcript import Transcript
from app.providers.protocols import AnalysisAnswer, AnalysisRequest


class LocalAnalyst:
    """`Analyst` by lexicons and patterns: extracts what was said, invents nothing, leaves empty what it cannot know.

    Deterministic: the same transcript and request give the same bytes.
    """

    provider = "local"

    async def analyze(self, transcript: Transcript, request: AnalysisRequest) -> AnalysisAnswer:
        """Answer the document; the work is done in a thread, since it takes the CPU for up to seconds."""
        content = await asyncio.to_thread(_analyze, transcript, request)
        return AnalysisAnswer(content=content)


def _analyze(transcript: Transcript, request: AnalysisRequest) -> bytes:
    # Here and not above: it loads lexicons and numpy, and most API processes never analyse anything.
    from app.providers.local_analysis.document import build_analysis

    return orjson.dumps(build_analysis(transcript, request))

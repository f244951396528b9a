import subprocess
import sys
from datetime import datetime
from uuid import UUID

import orjson

from app.providers.local_analysis.analyst import LocalAnalyst
from app.providers.local_analysis.document import build_analysis
from app.providers.protocols import AnalysisRequest, Analyst


async def test_answer_holds_the_document_as_bytes_and_no_tokens(make_transcript, dialogues, recorded_at: datetime):
    transcript = make_transcript(dialogues["pricing"])
    request = AnalysisRequest(call_id=UUID(int=1), recorded_at=recorded_at, title="A title")
    analyst: Analyst = LocalAnalyst()

    answer = await analyst.analyze(transcript, request)

    assert analyst.provider == "local"
    assert answer.content == orjson.dumps(build_analysis(transcript, request))
    assert answer.tokens is None


def test_start_of_the_api_does_not_wait_for_what_the_analyst_needs():
    code = "import app.main, sys; print([name for name in ('numpy', 'yake', 'vaderSentiment') if name in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)

    assert shown.stdout == b"[]\n"

"""The analyst at a double of OpenAI: what is asked, how often, and what comes of it.

Source: analysis.md, sections 6.1 and 8; tests Q4 and Q5.
"""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.pipeline.failures import HardFailureError
from app.pipeline.transcript import Transcript
from app.providers.openai.analyst import OpenAiAnalyst
from app.providers.openai.chat import ChatModel
from app.providers.openai.rules import MERGE, PART, REPAIR, WHOLE
from app.providers.protocols import AnalysisAnswer, AnalysisRequest, TokenCount
from tests.app.analysis.transcripts import transcript_of
from tests.app.providers.openai.conftest import MakeModel
from tests.app.providers.openai.models import SHORT_SECONDS, Pauses
from tests.doubles.http_double import Answer, Cut, Failure, json_answer
from tests.doubles.openai import CUT, FILTERED, PROSE, REFUSAL, Completion, OpenAi, quota, rate_limit, refusal

TRANSCRIPT = transcript_of("The zebracrossing costs 140 euros.", "I will send you the price by Friday.")
REQUEST = AnalysisRequest(UUID(int=7), datetime(2026, 2, 9, tzinfo=UTC), None)
GOOD = '\n{ "schemaVersion":3,"oneLineSummary" : "Ä.", "amount": 1.50, "mood": 7 }  '
ASKED = (120, 14)


def said(*texts: str, usage: tuple[int, int] | None = ASKED) -> list[Completion]:
    return [Completion(text, usage=usage) for text in texts]


async def fail(analyst: OpenAiAnalyst, transcript: Transcript = TRANSCRIPT) -> str:
    with pytest.raises(HardFailureError) as failed:
        await analyst.analyze(transcript, REQUEST)
    return str(failed.value.reason)


def question(service: OpenAi, index: int) -> str:
    """What the user message of a request holds."""
    content: str = service.asked[index]["messages"][1]["content"]
    return content


def tasks(service: OpenAi) -> list[str]:
    """What was asked for, request by request."""
    known = {WHOLE: "whole", PART: "part", MERGE: "merge"}
    return [known[question(service, index).partition("\n\n")[0]] for index in range(len(service.requests))]


def segment_ids(content: str, member: str = "segments") -> list[str]:
    [data] = re.findall("<transcript>(.*?)</transcript>", content, re.DOTALL)
    return [segment["id"] for segment in json.loads(data).get(member, [])]


@pytest.mark.parametrize(
    "content",
    [GOOD, f"```json\n{GOOD}\n```", "{}", '{"actionItems": "none"}', '{"error": "no"}'],
    ids=["odd spacing", "fence", "empty", "wrong types", "other members"],
)
async def test_answer_is_told_byte_for_byte(service: OpenAi, analyst: OpenAiAnalyst, content: str) -> None:
    service.completion = Completion(content)

    answer = await analyst.analyze(TRANSCRIPT, REQUEST)

    assert answer == AnalysisAnswer(content.encode(), TokenCount(120, 14), windows=1)
    assert tasks(service) == ["whole"]


async def test_nobody_counts(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    service.completion = Completion(GOOD, usage=None)

    assert (await analyst.analyze(TRANSCRIPT, REQUEST)).tokens is None


@pytest.mark.parametrize(
    ("failures", "reason", "requests", "waits"),
    [
        ([refusal(400, "context_length_exceeded")], "analysis_4xx", 1, []),
        ([refusal(401, "invalid_api_key")], "analysis_4xx", 1, []),
        ([Answer(402, b"")], "analysis_4xx", 1, []),
        ([refusal(403, None)], "analysis_4xx", 1, []),
        ([refusal(404, "model_not_found")], "analysis_4xx", 1, []),
        ([Answer(408, b"")], "analysis_4xx", 1, []),
        ([Answer(413, b"<html>")], "analysis_4xx", 1, []),
        ([json_answer({"error": "zebracrossing"}, 422)], "analysis_4xx", 1, []),
        ([Answer(425, b"")], "analysis_4xx", 1, []),
        ([quota()], "analysis_4xx", 1, []),
        ([rate_limit()], None, 2, [2]),
        ([rate_limit("7"), rate_limit("3600")], None, 3, [7.0, 30.0]),
        ([rate_limit("1")] * 3, "analysis_4xx", 3, [1.0, 1.0]),
        ([rate_limit("0"), quota()], "analysis_4xx", 2, [0.0]),
        ([Failure.SERVER_ERROR], None, 2, [2]),
        ([Answer(503, b"", headers={"Retry-After": "11"})], None, 2, [11.0]),
        ([Failure.UNAVAILABLE] * 2, "analysis_unavailable", 2, [2]),
        ([Failure.SERVER_ERROR, refusal(400, None)], "analysis_4xx", 2, [2]),
        ([rate_limit("1"), Failure.UNAVAILABLE], None, 3, [1.0, 2]),
        ([rate_limit("1"), Failure.UNAVAILABLE, Failure.UNAVAILABLE], "analysis_unavailable", 3, [1.0, 2]),
        ([rate_limit("1"), rate_limit("1"), Failure.UNAVAILABLE], "analysis_unavailable", 3, [1.0, 1.0]),
        ([Failure.CLOSED_CONNECTION], None, 2, [2]),
        ([Cut.RESET] * 2, "analysis_unavailable", 2, [2]),
        ([Answer(302, b"", headers={"Location": "/v2"})], "analysis_unavailable", 1, []),
        ([Answer(200, bytes(4 * 1024**2 + 1))], "analysis_invalid_response", 1, []),
        ([Failure.HTML], None, 2, []),
        ([Failure.HTML] * 2, "analysis_invalid_response", 2, []),
        ([Failure.BROKEN_JSON] * 2, "analysis_invalid_response", 2, []),
        ([Failure.HTML, Failure.UNAVAILABLE], "analysis_unavailable", 2, []),
        ([Failure.UNAVAILABLE, Failure.HTML], "analysis_invalid_response", 2, [2]),
        ([Failure.HTML, rate_limit("1")], None, 3, [1.0]),
        ([rate_limit("1"), rate_limit("1"), Failure.HTML], "analysis_invalid_response", 3, [1.0, 1.0]),
    ],
    ids=lambda value: ", ".join(map(_name, value)) if isinstance(value, list) else str(value),
)
async def test_fault_is_repeated_where_that_may_help(
    service: OpenAi,
    analyst: OpenAiAnalyst,
    pauses: Pauses,
    failures: list[Failure | Cut | Answer],
    reason: str | None,
    requests: int,
    waits: list[float],
) -> None:
    service.completion = Completion(GOOD)
    service.upcoming.extend(failures)

    if reason is None:
        assert (await analyst.analyze(TRANSCRIPT, REQUEST)).content == GOOD.encode()
    else:
        assert await fail(analyst) == reason

    assert len(service.requests) == requests
    assert [is_usual(pause) or pause for pause in pauses.seconds] == [is_usual(wait) or wait for wait in waits]


def is_usual(pause: float) -> bool:
    """Whether it is two seconds, with jitter."""
    return 1.5 <= pause <= 2.5


def _name(failure: Any) -> str:
    return str(failure.status) if isinstance(failure, Answer) else str(failure)


@pytest.mark.parametrize("is_drip", [True, False], ids=["drip", "silence"])
async def test_deadline_counts_as_an_outage(
    service: OpenAi, make_model: MakeModel, pauses: Pauses, is_drip: bool
) -> None:
    model = make_model(service, timeout_seconds=SHORT_SECONDS)
    service.failure = Cut.DRIP
    if not is_drip:
        service.hold()

    reason = await fail(OpenAiAnalyst(model, max_transcript_chars=200_000, sleep=pauses))

    service.release()
    assert (reason, len(service.requests), len(pauses.seconds)) == ("analysis_timeout", 2, 1)


async def test_nobody_listens(service: OpenAi, analyst: OpenAiAnalyst, pauses: Pauses) -> None:
    service.close()

    assert await fail(analyst) == "analysis_unavailable"
    assert len(pauses.seconds) == 1


@pytest.mark.parametrize(
    ("completions", "reason", "requests"),
    [
        ([REFUSAL], "analysis_refused", 1),
        ([FILTERED], "analysis_refused", 1),
        ([PROSE, REFUSAL], "analysis_refused", 2),
        ([PROSE, PROSE], "analysis_invalid_response", 2),
        (said("", ""), "analysis_invalid_response", 2),
        (said("[1]", "null"), "analysis_invalid_response", 2),
        (said('{"a": NaN}', '{"a": "\\ud800"}'), "analysis_invalid_response", 2),
        (said('{"a": 1', '{"a": 1} {}'), "analysis_invalid_response", 2),
        ([CUT, CUT], "analysis_truncated", 2),
        ([PROSE, CUT, CUT], "analysis_truncated", 3),
    ],
)
async def test_answer_that_is_no_analysis_fails(
    service: OpenAi, analyst: OpenAiAnalyst, pauses: Pauses, completions: list[Completion], reason: str, requests: int
) -> None:
    service.script.extend(completions)
    service.completion = Completion(GOOD)

    assert await fail(analyst) == reason

    assert (len(service.requests), pauses.seconds) == (requests, [])


async def test_prose_is_asked_again_with_what_was_wrong(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    service.script.extend([PROSE, Completion(GOOD)])

    answer = await analyst.analyze(TRANSCRIPT, REQUEST)

    assert answer == AnalysisAnswer(GOOD.encode(), TokenCount(240, 28), windows=1)
    assert question(service, 1) == f"{question(service, 0)}\n\n{REPAIR}"


async def test_single_segment_that_is_too_much_cannot_be_cut(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    service.completion = CUT

    assert await fail(analyst, transcript_of("Everything in one breath.")) == "analysis_truncated"
    assert len(service.requests) == 1


async def test_cut_answer_is_asked_for_in_halves(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    transcript = transcript_of("One.", "Two.", "Three.", "Four.")
    service.script.extend([CUT, *said('{"part": 1}', '{"part": 2}', GOOD)])

    answer = await analyst.analyze(transcript, REQUEST)

    assert answer == AnalysisAnswer(GOOD.encode(), TokenCount(4 * 120, 4 * 14), windows=2)
    assert tasks(service) == ["whole", "part", "part", "merge"]
    assert segment_ids(question(service, 1)) == ["seg_0001", "seg_0002"]
    assert segment_ids(question(service, 2)) == ["seg_0003", "seg_0004"]
    assert segment_ids(question(service, 2), "earlierSegments") == ["seg_0001", "seg_0002"]
    assert '{"part":1}' in question(service, 3)
    assert '{"part":2}' in question(service, 3)
    assert "Three." not in question(service, 3)


async def test_merge_that_is_cut_fails(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    service.script.extend([CUT, *said("{}", "{}"), CUT])

    assert await fail(analyst) == "analysis_truncated"
    assert tasks(service) == ["whole", "part", "part", "merge"]


async def test_long_call_is_analysed_in_windows(service: OpenAi, model: ChatModel) -> None:
    transcript = transcript_of(*(f"Sentence {number} of a long call." for number in range(60)))
    service.script.extend([*said(*("{}",) * 4, usage=None), *said(GOOD)])

    answer = await OpenAiAnalyst(model, max_transcript_chars=2000).analyze(transcript, REQUEST)

    assert answer == AnalysisAnswer(GOOD.encode(), TokenCount(120, 14), windows=4)
    assert tasks(service) == ["part"] * 4 + ["merge"]
    asked = [segment_ids(question(service, index)) for index in range(4)]
    assert [segment for window in asked for segment in window] == [segment.id for segment in transcript.segments]
    assert segment_ids(question(service, 1), "earlierSegments") == asked[0][-5:]


async def test_deep_analyses_are_merged(service: OpenAi, model: ChatModel) -> None:
    transcript = transcript_of(*(f"Sentence {number} of a long call." for number in range(60)))
    deep = f'{{"mood":{"[" * 500}"zebra"{"]" * 500}}}'
    service.script.extend(said(deep, *("{}",) * 3, GOOD))

    answer = await OpenAiAnalyst(model, max_transcript_chars=2000).analyze(transcript, REQUEST)

    assert answer.content == GOOD.encode()
    assert deep in question(service, 4)


async def test_long_analyses_are_merged_in_rounds(service: OpenAi, model: ChatModel) -> None:
    transcript = transcript_of(*(f"Sentence {number} of a long call." for number in range(60)))
    parts = [json.dumps({"oneLineSummary": str(number) * 1500}) for number in range(4)]
    service.script.extend(said(*parts, '{"half": 1}', '{"half": 2}', GOOD))

    answer = await OpenAiAnalyst(model, max_transcript_chars=2000).analyze(transcript, REQUEST)

    assert (answer.content, answer.windows) == (GOOD.encode(), 4)
    assert tasks(service) == ["part"] * 4 + ["merge"] * 3
    assert all(str(number) * 1500 in question(service, 4 + number // 2) for number in range(4))
    assert '{"half":1}' in question(service, 6)


async def test_window_that_fails_ends_the_analysis(service: OpenAi, model: ChatModel, pauses: Pauses) -> None:
    transcript = transcript_of(*(f"Sentence {number} of a long call." for number in range(60)))
    service.upcoming.extend([None, rate_limit("1"), rate_limit("1"), None, refusal(400, None)])
    analyst = OpenAiAnalyst(model, max_transcript_chars=2000, sleep=pauses)

    assert await fail(analyst, transcript) == "analysis_4xx"
    assert len(service.requests) == 5


async def test_call_without_words_is_analysed(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    answer = await analyst.analyze(replace(TRANSCRIPT, segments=()), REQUEST)

    assert answer.content == b"{}"


async def test_without_a_key_nothing_is_configured() -> None:
    assert await fail(OpenAiAnalyst(None, max_transcript_chars=200_000)) == "analysis_not_configured"


async def test_whole_request_holds_nothing_of_the_context(service: OpenAi, analyst: OpenAiAnalyst) -> None:
    title, contact_name = "Umbrella of Quagmire", "Glenn Quagmire"

    await analyst.analyze(TRANSCRIPT, AnalysisRequest(UUID(int=7), REQUEST.recorded_at, title, contact_name))

    [request] = service.requests
    sent = b"\n".join([request.path.encode(), *(f"{item}".encode() for item in request.headers.items()), request.body])
    assert b"zebracrossing costs 140 euros" in sent
    assert [secret for secret in (b"Quagmire", b"Glenn", b"Umbrella", b"Tobias", b"Meera") if secret in sent] == []


async def test_generic_label_in_prose_is_warned_of(
    service: OpenAi, analyst: OpenAiAnalyst, debug_lines: io.StringIO
) -> None:
    content = orjson.dumps({"oneLineSummary": "Speaker 2 sends the zebracrossing."})
    service.completion = Completion(content.decode())

    answer = await analyst.analyze(TRANSCRIPT, REQUEST)

    assert answer.content == content
    [line] = debug_lines.getvalue().splitlines()
    assert line.partition(" ")[2] == f"level=warning event=analysis_names_speakers callId={REQUEST.call_id}"

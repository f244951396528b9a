"""One question to a model and its answer, on every kind of server. providers.md, sections 3.5 and 3.6."""

import asyncio
import gzip
import io
import os
import subprocess
import sys
from typing import Any

import orjson
import pytest
import structlog

from app.providers.openai.chat import AnswerShape, ChatAnswer, ChatModel, Message, Role, open_chat_model
from app.providers.openai.sdk import MAX_ANSWER_BYTES
from app.providers.protocols import TokenCount
from app.providers.sending import FaultKind, ProviderFault
from app.settings import MaxTokensParameter, load_settings
from tests.app.providers.openai.conftest import MakeModel
from tests.app.providers.openai.models import SHORT_SECONDS
from tests.doubles.http_double import Answer, Cut, Failure, json_answer
from tests.doubles.openai import (
    API_KEY,
    CUT,
    FILTERED,
    MODEL,
    REFUSAL,
    Completion,
    OpenAi,
    ServerKind,
    quota,
    rate_limit,
)

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {"title": {"type": "string"}},
}
SHAPE = AnswerShape("call_title", SCHEMA)
MESSAGES = (Message(Role.SYSTEM, "Answer in JSON."), Message(Role.USER, "zebracrossing, schön"))
GOOD = '{"title": "1.50 €"}'


async def ask(model: ChatModel) -> ChatAnswer:
    return await model.complete(MESSAGES, SHAPE, max_tokens=100)


async def fail(model: ChatModel) -> ProviderFault:
    with pytest.raises(ProviderFault) as failed:
        await ask(model)
    return failed.value


async def test_question_is_asked_as_the_service_wants_it(service: OpenAi, model: ChatModel) -> None:
    service.completion = Completion(GOOD)

    answer = await ask(model)

    assert answer == ChatAnswer(GOOD, "stop", None, TokenCount(120, 14))
    assert service.asked == [
        {
            "model": MODEL,
            "messages": [
                {"role": "system", "content": "Answer in JSON."},
                {"role": "user", "content": "zebracrossing, schön"},
            ],
            "temperature": 0.2,
            "max_completion_tokens": 100,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "call_title", "strict": True, "schema": SCHEMA},
            },
        }
    ]


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (REFUSAL, ChatAnswer("", "stop", "I can't help with that.", TokenCount(120, 14))),
        (CUT, ChatAnswer('{"oneLineSummary": "The appoi', "length", None, TokenCount(120, 14))),
        (FILTERED, ChatAnswer("", "content_filter", None, TokenCount(120, 14))),
        (Completion(GOOD, usage=None), ChatAnswer(GOOD, "stop", None, None)),
        (Completion(None), ChatAnswer("", "stop", None, TokenCount(120, 14))),
    ],
    ids=["refusal", "cut", "filtered", "without usage", "nothing"],
)
async def test_answer_is_told_as_it_is(
    service: OpenAi, model: ChatModel, completion: Completion, expected: ChatAnswer
) -> None:
    service.completion = completion

    assert await ask(model) == expected


def choice(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message}]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, ChatAnswer("")),
        ([], ChatAnswer("")),
        ({"choices": None}, ChatAnswer("")),
        ({"choices": []}, ChatAnswer("")),
        ({"choices": [{"message": "text"}]}, ChatAnswer("")),
        (choice(content=[{"type": "text", "text": "{}"}]), ChatAnswer("")),
        (choice(content=7, refusal=False), ChatAnswer("")),
        (choice(content="{}", refusal=""), ChatAnswer("{}")),
        (choice(content="{}") | {"usage": {"total_tokens": 5}}, ChatAnswer("{}")),
        (choice(content="{}") | {"usage": {"prompt_tokens": -1, "completion_tokens": 1}}, ChatAnswer("{}")),
        (choice(content="{}") | {"usage": {"prompt_tokens": 1, "completion_tokens": None}}, ChatAnswer("{}")),
        ({"error": {"message": "zebracrossing"}}, ChatAnswer("")),
    ],
    ids=str,
)
async def test_answer_of_another_shape_is_an_empty_one(
    service: OpenAi, model: ChatModel, document: Any, expected: ChatAnswer
) -> None:
    service.failure = json_answer(document)

    assert await ask(model) == expected


@pytest.mark.parametrize(
    "failure",
    [
        Failure.HTML,
        Failure.BROKEN_JSON,
        Answer(200, b""),
        Answer(200, b'{"choices": [{"message": {"content": "\\ud800"}}]}'),
        Answer(200, b'{"choices": [{"message": {"content": "\xff"}}]}'),
    ],
    ids=["HTML", "broken JSON", "empty", "lone surrogate", "no UTF-8"],
)
async def test_answer_that_is_no_json_is_an_empty_one(
    service: OpenAi, model: ChatModel, failure: Failure | Answer
) -> None:
    service.failure = failure

    assert await ask(model) == ChatAnswer("")


async def test_answer_is_read_whatever_its_type_and_encoding(service: OpenAi, model: ChatModel) -> None:
    body = gzip.compress(orjson.dumps(choice(content=GOOD)))
    service.failure = Answer(200, body, content_type="text/plain", headers={"Content-Encoding": "gzip"})

    assert (await ask(model)).content == GOOD


@pytest.mark.parametrize(
    ("failure", "kind", "status", "retry_after"),
    [
        (Failure.CLOSED_CONNECTION, FaultKind.NETWORK, None, None),
        (Cut.RESET, FaultKind.NETWORK, None, None),
        (Answer(200, b"not gzip at all", headers={"Content-Encoding": "gzip"}), FaultKind.NETWORK, None, None),
        (Answer(200, b" " * (MAX_ANSWER_BYTES + 1)), FaultKind.TOO_LARGE, None, None),
        (Answer(500, b" " * (MAX_ANSWER_BYTES + 1)), FaultKind.TOO_LARGE, None, None),
        (Answer(200, gzip.compress(bytes(MAX_ANSWER_BYTES + 1)), headers={"Content-Encoding": "gzip"}),
         FaultKind.TOO_LARGE, None, None),
        (Answer(302, b"", headers={"Location": "http://127.0.0.1:9/"}), FaultKind.STATUS, 302, None),
        (Answer(400, b'{"error":"zebracrossing"}'), FaultKind.STATUS, 400, None),
        (Answer(408, b""), FaultKind.STATUS, 408, None),
        (Failure.SERVER_ERROR, FaultKind.STATUS, 500, None),
        (Answer(503, b"<html>zebracrossing", headers={"Retry-After": "7"}), FaultKind.STATUS, 503, 7.0),
        (rate_limit("3"), FaultKind.STATUS, 429, 3.0),
        (quota(), FaultKind.STATUS, 429, None),
    ],
    ids=[
        "no answer", "reset", "no gzip", "too large", "too large an error", "too large unpacked", "redirect", "400",
        "408", "500", "503", "429", "quota",
    ],
)  # fmt: skip
async def test_failure_is_a_fault_without_a_word_of_it(
    service: OpenAi,
    model: ChatModel,
    failure: Failure | Cut | Answer,
    kind: FaultKind,
    status: int | None,
    retry_after: float | None,
) -> None:
    service.failure = failure

    fault = await fail(model)

    assert (fault.kind, fault.status, fault.retry_after_seconds) == (kind, status, retry_after)
    assert (fault.__cause__, fault.__context__) == (None, None)
    assert "zebracrossing" not in repr(fault)
    assert len(service.requests) == 1


async def test_closed_port_is_a_network_fault(service: OpenAi, model: ChatModel) -> None:
    service.close()

    fault = await fail(model)

    assert (fault.kind, fault.__context__) == (FaultKind.NETWORK, None)


@pytest.mark.parametrize("is_drip", [True, False], ids=["drip", "silence"])
async def test_deadline_is_for_the_whole_answer(service: OpenAi, make_model: MakeModel, is_drip: bool) -> None:
    model = make_model(service, timeout_seconds=SHORT_SECONDS)
    service.failure = Cut.DRIP
    if not is_drip:
        service.hold()

    fault = await fail(model)

    assert (fault.kind, fault.__context__) == (FaultKind.TIMEOUT, None)
    service.release()


@pytest.mark.parametrize(
    ("code", "kind", "is_rate_limit"),
    [
        ("rate_limit_exceeded", "requests", True),
        ("insufficient_quota", "insufficient_quota", False),
        ("credit_balance_exhausted", "insufficient_quota", False),
        (None, "insufficient_quota", False),
    ],
)
async def test_waiting_does_not_help_without_money(
    service: OpenAi, model: ChatModel, code: str | None, kind: str, is_rate_limit: bool
) -> None:
    service.failure = json_answer({"error": {"message": "", "type": kind, "param": None, "code": code}}, 429)

    fault = await fail(model)

    assert (fault.is_rate_limit, fault.is_outage) == (is_rate_limit, False)


@pytest.mark.parametrize(
    ("kind", "formats"),
    [
        (ServerKind.OPENAI, ["json_schema"]),
        (ServerKind.LM_STUDIO, ["json_schema"]),
        (ServerKind.JSON_OBJECT_ONLY, ["json_schema", "json_object"]),
        (ServerKind.TEXT_ONLY, ["json_schema", "json_object", None]),
    ],
)
async def test_format_that_worked_is_remembered(
    make_model: MakeModel, kind: ServerKind, formats: list[str | None]
) -> None:
    with OpenAi(kind) as service:
        model = make_model(service)

        await ask(model)
        await ask(model)

        asked = [body.get("response_format", {}).get("type") for body in service.asked]
        assert asked == [*formats, formats[-1]]


@pytest.mark.parametrize(
    "refusal",
    [
        json_answer({"error": "'response_format.type' must be 'text'"}, 400),
        json_answer({"error": {"message": "no", "type": "x", "param": "response_format", "code": None}}, 400),
        json_answer({"object": "error", "message": "response_format is not supported", "code": 400}, 400),
        Answer(400, b"unknown field response_format", content_type="text/plain"),
    ],
    ids=["string", "param", "flat", "text"],
)
async def test_format_is_refused_in_many_ways(service: OpenAi, model: ChatModel, refusal: Answer) -> None:
    service.upcoming.append(refusal)

    await ask(model)

    assert [body["response_format"]["type"] for body in service.asked] == ["json_schema", "json_object"]


async def test_nothing_is_remembered_when_no_format_worked(service: OpenAi, model: ChatModel) -> None:
    service.failure = json_answer({"error": "response_format, or what you said about it"}, 400)
    fault = await fail(model)
    service.failure = None

    await ask(model)

    asked = [body.get("response_format", {}).get("type") for body in service.asked]
    assert (fault.status, asked) == (400, ["json_schema", "json_object", None, "json_schema"])


@pytest.mark.parametrize("status", [401, 404, 422, 500])
async def test_other_statuses_do_not_change_the_format(service: OpenAi, model: ChatModel, status: int) -> None:
    service.failure = json_answer({"error": "response_format"}, status)

    await fail(model)

    assert len(service.requests) == 1


async def test_limit_goes_by_the_name_that_the_server_knows(make_model: MakeModel) -> None:
    with OpenAi(ServerKind.OLLAMA) as service:
        service.completion = Completion(GOOD, usage=None)
        model = make_model(service, max_tokens_parameter=MaxTokensParameter.MAX_TOKENS)

        answer = await ask(model)

        assert answer == ChatAnswer(GOOD)
        assert (service.asked[0]["max_tokens"], "max_completion_tokens" in service.asked[0]) == (100, False)


async def test_variables_of_the_library_change_nothing(
    service: OpenAi, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(make_model(service))
    for name, value in {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY": "sk-zebracrossing",
        "OPENAI_ADMIN_KEY": "sk-zebracrossing",
        "OPENAI_ORG_ID": "org-zebracrossing",
        "OPENAI_PROJECT_ID": "proj-zebracrossing",
        "OPENAI_CUSTOM_HEADERS": "X-Zebracrossing: yes\nAuthorization: Bearer sk-zebracrossing",
    }.items():
        monkeypatch.setenv(name, value)

    await ask(make_model(service))

    plain, led_astray = (
        {name.lower(): value for name, value in request.headers.items()} for request in service.requests
    )
    assert led_astray == plain
    assert plain["authorization"] == f"Bearer {API_KEY}"


async def test_many_questions_are_asked_at_once(service: OpenAi, model: ChatModel) -> None:
    service.hold()
    asking = [asyncio.create_task(ask(model)) for _ in range(25)]

    await asyncio.to_thread(service.wait_for_requests, 25)
    service.release()

    assert len(await asyncio.gather(*asking)) == 25


@pytest.mark.parametrize(
    "failure",
    [None, Failure.HTML, Failure.UNAVAILABLE, rate_limit(), Cut.RESET],
    ids=["good", "HTML", "503", "429", "reset"],
)
async def test_no_logger_tells_what_was_asked_or_answered(
    service: OpenAi, model: ChatModel, debug_lines: io.StringIO, failure: Any
) -> None:
    service.completion = Completion('{"title": "zebracrossing"}')
    service.failure = failure

    try:
        await ask(model)
    except ProviderFault as fault:
        structlog.get_logger().warning("analysis_failed", exc_info=fault)

    told = debug_lines.getvalue()
    assert [secret for secret in ("zebracrossing", API_KEY, "/v1") if secret in told] == []


SCRIPT = """
import logging, sys
from app.observability.logging import configure_logging
from app.settings import load_settings
import app.resources
configure_logging(load_settings(log_level="DEBUG"))
assert "openai" not in sys.modules and "httpx2" not in sys.modules
import app.providers.openai.sdk
levels = [logging.getLogger(name).level for name in ("openai", "httpx2", "httpcore2")]
assert levels == [logging.WARNING] * 3, levels
"""


def test_library_is_loaded_late_and_stays_quiet() -> None:
    environment = os.environ | {"OPENAI_LOG": "debug", "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")


async def test_model_comes_from_the_settings(service: OpenAi) -> None:
    settings = load_settings(llm_api_key=API_KEY, llm_base_url=service.base_url, llm_model=MODEL, llm_temperature=0)

    async with open_chat_model(settings) as model:
        assert model is not None
        await ask(model)

    [body] = service.asked
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == (MODEL, 0, 100)


async def test_without_a_key_there_is_no_model() -> None:
    async with open_chat_model(load_settings(llm_base_url="http://127.0.0.1:11434/v1")) as model:
        assert model is None

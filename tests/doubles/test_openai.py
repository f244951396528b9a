"""The double of OpenAI refuses what the service refuses, and what would be ignored in silence."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import httpx
import pytest

from tests.doubles.openai import API_KEY, MODEL, Completion, OpenAi, ServerKind, iter_schema_problems

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "due"],
    "properties": {"title": {"type": "string"}, "due": {"type": ["string", "null"]}},
}
BODY = {
    "model": MODEL,
    "max_completion_tokens": 2000,
    "temperature": 0.2,
    "messages": [{"role": "system", "content": "Return JSON."}, {"role": "user", "content": "…"}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "call", "strict": True, "schema": SCHEMA}},
}


@pytest.fixture
def double() -> Iterator[OpenAi]:
    with OpenAi() as opened:
        yield opened


@cache
def client() -> httpx.Client:
    return httpx.Client(trust_env=False)


def post(double: OpenAi, body: Any, *, key: str = API_KEY, path: str = "/chat/completions") -> httpx.Response:
    return client().post(f"{double.base_url}{path}", json=body, headers={"Authorization": f"Bearer {key}"})


def changed(**values: Any) -> dict[str, Any]:
    """The good body with other members; None takes one out."""
    return {name: value for name, value in (BODY | values).items() if value is not None}


def test_good_request_gets_the_documented_answer(double: OpenAi) -> None:
    double.completion = Completion('{"title":"Renewal","due":null}')

    answer = post(double, BODY)

    assert answer.json() == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": '{"title":"Renewal","due":null}', "refusal": None},
            }
        ],
        "usage": {"prompt_tokens": 120, "completion_tokens": 14, "total_tokens": 134},
    }


def test_key_and_path_are_checked(double: OpenAi) -> None:
    assert post(double, BODY, key="other").status_code == 401
    assert post(double, BODY, path="/completions").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (changed(model=None), 400),
        (changed(model="gpt-y"), 404),
        (changed(messages=[]), 400),
        (changed(messages=[{"role": "robot", "content": "JSON"}]), 400),
        (changed(messages=[{"role": "user", "content": None}]), 400),
        (changed(messages=[{"role": "user", "content": "JSON", "name": 1}]), 400),
        (changed(temperature="0.2"), 400),
        (changed(temperature=3), 400),
        (changed(max_tokens=2000), 400),
        (changed(max_completion_tokens=0), 400),
        (changed(max_completion_tokens=16_385), 400),
        (changed(max_completion_tokens=True), 400),
        (changed(max_retries=1), 400),
        (changed(response_format={"type": "xml"}), 400),
        (changed(response_format={"type": "json_schema", "name": "call", "schema": SCHEMA}), 400),
        (changed(response_format={"type": "json_object"}, messages=[{"role": "user", "content": "Hi"}]), 400),
        ([], 400),
    ],
    ids=[
        "no model",
        "unknown model",
        "no messages",
        "role",
        "content",
        "member of a message",
        "text for a number",
        "temperature",
        "two limits",
        "no tokens",
        "too many tokens",
        "boolean for a number",
        "unknown member",
        "unknown format",
        "format of responses",
        "no word of JSON",
        "list",
    ],
)
def test_request_that_breaks_a_rule_is_refused(double: OpenAi, body: Any, status: int) -> None:
    answer = post(double, body)

    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("name", "strict", "schema"),
    [
        ("a name", True, SCHEMA),
        ("n" * 65, True, SCHEMA),
        ("call", False, SCHEMA),
        ("call", None, SCHEMA),
        ("call", True, {"type": "string"}),
        ("call", True, SCHEMA | {"required": ["title"]}),
    ],
)
def test_format_that_strict_mode_does_not_take_is_refused(
    double: OpenAi, name: str, strict: bool | None, schema: Any
) -> None:
    described = {"name": name, "strict": strict, "schema": schema}

    answer = post(double, changed(response_format={"type": "json_schema", "json_schema": described}))

    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("response_format")


def test_schema_of_the_example_is_fine() -> None:
    assert list(iter_schema_problems(SCHEMA)) == []


@pytest.mark.parametrize(
    "member",
    [
        {"type": "string", "maxLength": 80},
        {"type": "string", "default": ""},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": ["number", "string"]},
        {"type": ["string", "null"], "enum": ["a", "b"]},
        {"type": "date"},
        {"type": "array"},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": [], "additionalProperties": False},
    ],
    ids=str,
)
def test_schema_beyond_what_servers_share_is_refused(member: dict[str, Any]) -> None:
    schema = deepcopy(SCHEMA)
    schema["properties"]["title"] = {"type": "array", "items": member}  # type: ignore[index]

    assert list(iter_schema_problems(schema)) != []


def test_schema_that_is_too_deep_is_refused() -> None:
    schema: dict[str, Any] = SCHEMA
    for _ in range(5):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": False}

    assert list(iter_schema_problems(schema)) == ["root.a.a.a.a.a: more than 5 levels of nesting"]


def test_other_servers_are_like_it_but_not_quite() -> None:
    json_object = changed(response_format={"type": "json_object"})
    text = changed(response_format=None)
    asked = (BODY, json_object, text, changed(max_completion_tokens=None, max_tokens=2000))

    statuses = {}
    for kind in ServerKind:
        with OpenAi(kind) as double:
            statuses[kind] = [post(double, body).status_code for body in asked]

    assert statuses == {
        ServerKind.OPENAI: [200, 200, 200, 200],
        ServerKind.OLLAMA: [400, 400, 400, 200],
        ServerKind.LM_STUDIO: [200, 400, 200, 200],
        ServerKind.JSON_OBJECT_ONLY: [400, 200, 200, 400],
        ServerKind.TEXT_ONLY: [400, 400, 200, 400],
    }


def test_errors_of_lm_studio_are_strings_and_ollama_gives_no_reason() -> None:
    with OpenAi(ServerKind.LM_STUDIO) as double:
        assert isinstance(post(double, []).json()["error"], str)
    with OpenAi(ServerKind.OLLAMA) as double:
        answer = post(double, changed(max_completion_tokens=None, max_tokens=5))
        assert answer.json()["choices"][0]["finish_reason"] is None

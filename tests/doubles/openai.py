"""A double of OpenAI's chat completions, and of the servers that are like it but not quite.

Stricter than they are about what they ignore or forgive: a member that is unknown or of a wrong type is refused.
Source: providers.md, sections 3.1, 3.2, 3.6 and 3.7.
"""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer

API_KEY = "sk-test-only"
MODEL = "gpt-x"
MAX_OUTPUT_TOKENS = 16_384
MAX_NESTING = 5

_MEMBERS = {"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "response_format"}
_ROLES = {"system", "user", "assistant"}
_SCHEMA_KEYWORDS = {"type", "description", "properties", "required", "additionalProperties", "items", "enum"}
_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ServerKind(StrEnum):
    """Whose behaviour it is, where they differ (section 3.6)."""

    OPENAI = "openai"
    OLLAMA = "ollama"
    """Knows `max_tokens` only and ignores what it does not know; tells no reason to finish."""
    LM_STUDIO = "lm_studio"
    """Refuses `json_object`; errors are strings."""
    JSON_OBJECT_ONLY = "json_object_only"
    """Knows no schemas."""
    TEXT_ONLY = "text_only"
    """Knows no formats."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model says; `usage` is (prompt tokens, completion tokens), None where the server does not count."""

    content: str | None
    finish_reason: str | None = "stop"
    refusal: str | None = None
    usage: tuple[int, int] | None = (120, 14)


REFUSAL = Completion(None, refusal="I can't help with that.")
CUT = Completion('{"oneLineSummary": "The appoi', finish_reason="length")
FILTERED = Completion("", finish_reason="content_filter")
PROSE = Completion("Here is my analysis: a short call about prices.")


def refusal(
    status: int, code: str | None, *, kind: str = "invalid_request_error", retry_after: str | None = None
) -> Answer:
    """An error of OpenAI's own shape, whose message quotes what was asked, as theirs do."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    message = "zebracrossing: that did not work."
    return json_answer(
        {"error": {"message": message, "type": kind, "param": None, "code": code}}, status, headers=headers
    )


def rate_limit(retry_after: str | None = None) -> Answer:
    """429, after which waiting helps."""
    return refusal(429, "rate_limit_exceeded", kind="requests", retry_after=retry_after)


def quota() -> Answer:
    """429, after which only money helps."""
    return refusal(429, "insufficient_quota", kind="insufficient_quota")


class OpenAi(HttpDouble):
    """Says what is in `script`, an entry per good request, then `completion`. `HttpDouble` tells what can go wrong."""

    def __init__(self, kind: ServerKind = ServerKind.OPENAI) -> None:
        self.kind = kind
        self.completion = Completion("{}")
        self.script: deque[Completion] = deque()
        super().__init__()

    @property
    def base_url(self) -> str:
        """What `LLM_BASE_URL` shall be."""
        return f"http://{self.host}/v1"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all requests, in order."""
        return [json.loads(request.body) for request in self.requests]

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/v1/chat/completions"):
            return self._refuse(404, f"Invalid URL ({request.method} {request.path})", code="unknown_url")
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            return self._refuse(401, "Incorrect API key provided.", code="invalid_api_key")
        if request.headers.get_content_type() != "application/json":
            return self._refuse(400, "The body must be application/json.")
        try:
            body = json.loads(request.body)
        except ValueError:
            return self._refuse(400, "We could not parse the JSON body of your request.")
        problem = next(self._iter_problems(body), None)
        if problem is not None:
            return problem
        return self._complete(self.script.popleft() if self.script else self.completion)

    def _iter_problems(self, body: Any) -> Iterator[Answer]:
        if not isinstance(body, dict):
            yield self._refuse(400, "The body must be an object.")
            return
        for name in body.keys() - _MEMBERS:
            yield self._refuse(400, f"Unrecognized request argument supplied: {name}", param=name)
        if not isinstance(body.get("model"), str):
            yield self._refuse(400, "You must provide a model parameter.", param="model")
        elif body["model"] != MODEL:
            yield self._refuse(404, f"The model {body['model']} does not exist.", code="model_not_found")
        yield from self._iter_message_problems(body.get("messages"))
        yield from self._iter_number_problems(body)
        if "response_format" in body:
            yield from self._iter_format_problems(body["response_format"], body["messages"])

    def _iter_message_problems(self, messages: Any) -> Iterator[Answer]:
        if not isinstance(messages, list) or not messages:
            yield self._refuse(400, "'messages' must be a list with at least one entry.", param="messages")
            return
        for message in messages:
            if not isinstance(message, dict) or message.keys() != {"role", "content"}:
                yield self._refuse(400, "A message has a role and a content.", param="messages")
            elif message["role"] not in _ROLES or not isinstance(message["content"], str) or not message["content"]:
                yield self._refuse(400, "Invalid role or content.", param="messages")

    def _iter_number_problems(self, body: Mapping[str, Any]) -> Iterator[Answer]:
        temperature = body.get("temperature", 1)
        if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
            yield self._refuse(400, "Invalid 'temperature'.", param="temperature")
        limits = body.keys() & {"max_tokens", "max_completion_tokens"}
        if len(limits) > 1:
            yield self._refuse(400, "Only one limit may be given.", param="max_tokens")
        if self.kind is ServerKind.OLLAMA and "max_completion_tokens" in limits:
            # It is ignored in silence, and the answer has no end.
            yield self._refuse(400, "This server knows max_tokens only.", param="max_completion_tokens")
        for name in limits:
            value = body[name]
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_OUTPUT_TOKENS:
                yield self._refuse(400, f"Invalid '{name}'.", param=name)

    def _iter_format_problems(self, given: Any, messages: Any) -> Iterator[Answer]:
        kind = given.get("type") if isinstance(given, dict) else None
        if self.kind is ServerKind.LM_STUDIO and kind == "json_object":
            yield json_answer({"error": "'response_format.type' must be 'json_schema' or 'text'"}, 400)
        elif self.kind is ServerKind.TEXT_ONLY or (self.kind is ServerKind.JSON_OBJECT_ONLY and kind == "json_schema"):
            yield self._refuse(400, f"This server does not support {kind}.", param="response_format")
        elif kind == "json_object":
            if not any("json" in message["content"].lower() for message in messages):
                yield self._refuse(400, "'messages' must contain the word 'json'.", param="messages")
        elif kind == "json_schema":
            yield from self._iter_schema_problems(given)
        else:
            yield self._refuse(400, "Invalid 'response_format.type'.", param="response_format.type")

    def _iter_schema_problems(self, given: Mapping[str, Any]) -> Iterator[Answer]:
        described = given.get("json_schema")
        if given.keys() != {"type", "json_schema"} or not isinstance(described, dict):
            yield self._refuse(400, "Missing 'response_format.json_schema'.", param="response_format.json_schema")
            return
        name = described.get("name")
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            yield self._refuse(400, "Invalid name.", param="response_format.json_schema.name")
        if described.get("strict") is not True:
            yield self._refuse(400, "strict defaults to false.", param="response_format.json_schema.strict")
        problem = next(iter_schema_problems(described.get("schema")), None)
        if problem is not None:
            message = f"Invalid schema for response_format '{name}': {problem}"
            yield self._refuse(400, message, code="invalid_json_schema", param="response_format")

    def _complete(self, completion: Completion) -> Answer:
        message: dict[str, Any] = {"role": "assistant", "content": completion.content}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": completion.finish_reason}
        if self.kind is ServerKind.OPENAI:
            message["refusal"] = completion.refusal
        if self.kind is ServerKind.OLLAMA and completion.finish_reason == "stop":
            choice["finish_reason"] = None
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": MODEL,
            "choices": [choice],
        }
        if completion.usage is not None:
            prompt, written = completion.usage
            answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
        return json_answer(answer, headers={"x-request-id": "req_1"})

    def _refuse(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> Answer:
        if self.kind is ServerKind.LM_STUDIO:
            return json_answer({"error": f"{message} ({param})"}, status)
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        return json_answer({"error": error}, status)


def iter_schema_problems(schema: Any) -> Iterator[str]:
    """What strict mode, or any server of section 3.6, would refuse of a schema."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield "the root must be an object"
        return
    yield from _iter_problems(schema, "root", 1)


def _iter_problems(schema: Any, place: str, level: int) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{place}: not a schema"
        return
    for keyword in schema.keys() - _SCHEMA_KEYWORDS:
        yield f"{place}: '{keyword}' is not permitted"
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not kinds or not set(kinds) <= _TYPES or len(kinds) > 2 or (len(kinds) == 2 and kinds[1] != "null"):
        yield f"{place}: 'type' must be one type, or one and null"
    if "enum" in schema and (None in schema["enum"]) != ("null" in kinds):
        yield f"{place}: null is in 'enum' and in 'type', or in neither"
    if "object" in kinds:
        yield from _iter_object_problems(schema, place, level)
    elif "properties" in schema:
        yield f"{place}: 'properties' without an object"
    if "array" in kinds:
        yield from _iter_problems(schema.get("items"), f"{place}[]", level)


def _iter_object_problems(schema: Mapping[str, Any], place: str, level: int) -> Iterator[str]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        yield f"{place}: an object needs 'properties'"
        return
    if level > MAX_NESTING:
        yield f"{place}: more than {MAX_NESTING} levels of nesting"
    if schema.get("additionalProperties") is not False:
        yield f"{place}: 'additionalProperties' is required to be false"
    if schema.get("required") != list(properties):
        yield f"{place}: 'required' must name every member"
    for name, member in properties.items():
        yield from _iter_problems(member, f"{place}.{name}", level + 1)

"""What one request may ask for."""

from typing import Any

import pytest

from scryon_graphql.limits import (
    MAX_ALIASES,
    MAX_DEPTH,
    MAX_DOCUMENT_CHARS,
    MAX_NESTING,
    MAX_OBJECTS,
    MAX_REPEATS,
    MAX_SELECTIONS,
    MAX_TOKENS,
)
from tests.scryon_graphql.conftest import Client

INTROSPECTED = (
    "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } }"
)


async def message_of(client: Client, document: str, **variables: Any) -> str:
    result = await client.run(document, **variables)
    [error] = result.errors
    assert (error.extensions["code"], error.extensions["status"]) == ("validation_failed", 400)
    [problem] = error.extensions["details"]["fields"]
    return str(problem["message"])


async def test_deepest_sensible_document_passes(client: Client) -> None:
    document = "{ calls { nodes { analysis { tone { byParty { userTone { overall } } } } } } }"

    assert await client.get(document) == {"calls": {"nodes": []}}


async def test_introspection_is_not_too_deep(client: Client) -> None:
    assert (await client.run(INTROSPECTED)).errors is None


async def test_depth_is_limited(client: Client) -> None:
    # Introspection aside, no path of the schema is this long yet; a field that does not exist is deep all the same.
    def document(depth: int) -> str:
        return "{ me " + "{ deeper " * (depth - 1) + "{ id }" + " }" * depth

    result = await client.run(document(MAX_DEPTH + 1))

    assert f"'anonymous' exceeds maximum operation depth of {MAX_DEPTH}" in {error.message for error in result.errors}


async def test_aliases_are_limited(client: Client) -> None:
    def document(count: int) -> str:
        return "{ " + " ".join(f"a{number}: __typename" for number in range(count)) + " }"

    assert (await client.run(document(MAX_ALIASES))).errors is None
    assert await message_of(client, document(MAX_ALIASES + 1)) == "51 aliases found. Allowed: 50"


async def test_tokens_are_limited(client: Client) -> None:
    document = "{ " + "__typename " * MAX_TOKENS + "}"

    message = await message_of(client, document)

    assert message == f"must be at most {MAX_TOKENS} tokens"


async def test_words_of_texts_and_comments_are_no_tokens(client: Client) -> None:
    words = "a { b: [c] } " * MAX_TOKENS
    document = f'# {words[:9000]}\n{{ call(id: "{words[:9000]}") {{ id }} }} # """ " {words[:9000]}'

    [error] = (await client.run(document)).errors

    assert error.extensions["code"] == "call_not_found"


async def test_brackets_within_each_other_are_limited(client: Client) -> None:
    document = "{ me " * MAX_NESTING + "{ id }" + "}" * MAX_NESTING

    assert await message_of(client, document) == f"must not be nested more than {MAX_NESTING} levels deep"


@pytest.mark.parametrize(
    ("start", "end"), [("{ me { id } }", ""), ("#", "\n{ me { id } }"), ('{ call(id: "', '") { id } }')]
)
async def test_length_is_limited_whatever_it_is_made_of(client: Client, start: str, end: str) -> None:
    def document(length: int) -> str:
        return start + " " * (length - len(start) - len(end)) + end

    at_the_limit = await client.run(document(MAX_DOCUMENT_CHARS))

    assert {error.extensions["code"] for error in at_the_limit.errors or ()} <= {"call_not_found"}
    message = await message_of(client, document(MAX_DOCUMENT_CHARS + 1))
    assert message == f"must be at most {MAX_DOCUMENT_CHARS} characters"


@pytest.mark.parametrize("field", ["__typename", "... on Query { __typename }", "me { id }"])
async def test_repeats_are_limited(client: Client, field: str) -> None:
    def document(count: int) -> str:
        return "{ " + f"{field} " * count + "}"

    assert (await client.run(document(MAX_REPEATS))).errors is None
    assert await message_of(client, document(MAX_REPEATS + 1)) == "must not name a field more than 100 times"


async def test_fragments_do_not_multiply(client: Client) -> None:
    doubling = " ".join(f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    document = "{ me { ...F0 } } " + doubling + " fragment F60 on User { id }"

    assert await message_of(client, document) == f"must not have more than {MAX_SELECTIONS} selections"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ me { ...missing } }", "Unknown fragment 'missing'."),
        (
            "{ me { ...F } } fragment F on User { ...G } fragment G on User { ...F }",
            "Cannot spread fragment 'F' within itself.",
        ),
    ],
)
async def test_impossible_fragments_are_refused(client: Client, document: str, message: str) -> None:
    assert await message_of(client, document) == message


async def test_long_chain_of_fragments_is_refused(client: Client) -> None:
    chain = " ".join(f"fragment F{n} on User {{ ...F{n + 1} }}" for n in range(240))

    message = await message_of(client, "{ me { ...F0 } } " + chain + " fragment F240 on User { id }")

    assert message == "is nested too deeply"


async def test_document_nested_too_deeply_is_no_failure_of_ours(client: Client) -> None:
    result = await client.run("{ me " * 600 + "{ id }" + " }" * 600)

    assert {error.extensions["code"] for error in result.errors} == {"validation_failed"}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ calls(first: 100) { nodes { actionItems(first: 100) { id } events { stage } } } }", {}),
        ("{ actionItems(first: 1000) { nodes { id } } }", {}),
        ("{ contacts { id } calls(first: 100) { nodes { actionItems(first: 100) { id } } } }", {}),
        ("query ($n: Int!) { calls(first: $n) { nodes { actionItems(first: $n) { id } } } }", {"n": 100}),
    ],
)
async def test_largest_sensible_pages_pass(client: Client, document: str, variables: dict[str, Any]) -> None:
    assert (await client.run(document, **variables)).errors is None


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (
            "{ a: calls(first: 100) { ...page } b: calls(first: 100) { ...page } c: calls(first: 100) { ...page } }"
            " fragment page on CallConnection { nodes { ... on Call { actionItems(first: 100) { id } } } }",
            {},
        ),
        (
            "query ($n: Int!) { a: callPage(size: $n) { actionItems(first: 100) { id } }"
            " b: callPage(size: $n) { actionItems(first: 100) { id } } }",
            {"n": 200},
        ),
        (
            "query ($n: Int!, $m: Int!) { a: callPage(size: $n) { actionItems(first: $m) { id } }"
            " b: callPage(size: $n) { actionItems(first: $m) { id } } }",
            {"n": 200.0, "m": 100.0},
        ),
        (
            "query ($n: Int! = 1000) { "
            + " ".join(f"a{number}: actionItems(first: $n) {{ nodes {{ id }} }}" for number in range(26))
            + " }",
            {},
        ),
        ("{ " + " ".join(f"a{number}: contacts {{ id }}" for number in range(6)) + " }", {}),
        (
            "query A { me { id } } query B { callPage(size: 260) { actionItems(first: 100) { id } } }",
            {"operation": "B"},
        ),
    ],
    ids=["fragments", "variables", "whole-floats", "defaults-of-variables", "fixed-sizes", "one-of-two-operations"],
)
async def test_too_many_objects_are_refused(client: Client, document: str, variables: dict[str, Any]) -> None:
    operation = variables.pop("operation", None)

    result = await client.run(document, operation_name=operation, **variables)

    [error] = result.errors
    assert error.extensions["details"]["fields"] == [
        {"field": "query", "message": f"must not ask for more than {MAX_OBJECTS} objects"}
    ]


async def test_known_document_is_refused_for_the_variables_of_a_request(client: Client) -> None:
    fields = " ".join(f"{name}: callPage(size: $size) {{ actionItems(first: 100) {{ id }} }}" for name in "ab")
    document = f"query ($size: Int!) {{ {fields} }}"

    answers = [await client.run(document, size=size) for size in (1, 200, 1)]

    assert [answer.data for answer in answers] == [{"a": [], "b": []}, None, {"a": [], "b": []}]

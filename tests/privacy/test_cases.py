"""What is new in the schema or in the OpenAPI document is tried without anybody's doing, or fails loudly."""

from typing import Any

import pytest
from fastapi.routing import APIRoute
from graphql import build_schema

from app.main import create_app
from app.settings import load_settings
from tests.privacy.cases import CannotFillError, Slot, SlotKind
from tests.privacy.graphql_cases import list_fields
from tests.privacy.rest_cases import OF_NO_USER, list_endpoints, make_endpoint

UUID_SCHEMA = {"type": "string", "format": "uuid"}


def test_ids_are_found_wherever_they_stand_in_a_document() -> None:
    schema = build_schema(
        """
        type Query { shelf(id: ID!): Shelf! }
        type Shelf { id: ID!, books(first: Int! = 5, after: String, lentTo: [ID!], by: Filter): [Book!]!, above: Shelf }
        type Book { id: ID!, shelf: Shelf! }
        input Filter { authorId: ID, title: String }
        """
    )

    [case] = list_fields(schema)

    assert case.document == (
        "query ($id: ID!, $books_first: Int, $books_after: String, $books_lentTo: [ID!], $books_by: Filter) "
        "{ shelf(id: $id) { id books(first: $books_first, after: $books_after, lentTo: $books_lentTo, by: $books_by) "
        "{ id } } }"
    )
    assert case.slots == [
        Slot("id", SlotKind.ONE),
        Slot("books_after", SlotKind.CURSOR),
        Slot("books_lentTo", SlotKind.MANY),
        Slot("books_by.authorId", SlotKind.FILTER),
    ]
    assert case.options == {"books_first": 1}


@pytest.mark.parametrize(
    "definition",
    [
        "type Query { call(key: CallKey!): Int } scalar CallKey",
        "type Query { search(words: String!): Int }",
        "type Query { calls(filter: Filter): Int } input Filter { contactId: String }",
        "type Query { calls(status: [Int!]): Int }",
        "type Query { node: Node } union Node = A type A { id: ID }",
        "type Query { me: Int } type Subscription { call(id: ID!): Int }",
    ],
)
def test_fields_that_nobody_can_fill_are_refused(definition: str) -> None:
    with pytest.raises(CannotFillError):
        list_fields(build_schema(definition))


def test_ids_are_found_wherever_they_stand_in_a_request() -> None:
    body = {"type": "object", "properties": {"to": {"anyOf": [{"type": "null"}, UUID_SCHEMA]}, "name": TEXT_SCHEMA}}

    case = make_endpoint("POST", "/api/shelves/{id}", operation(UUID_SCHEMA, body=body, shelfIds=IDS_SCHEMA))

    assert case.slots == [
        Slot("id", SlotKind.ONE),
        Slot("shelfIds", SlotKind.MANY),
        Slot("json.to", SlotKind.FILTER),
    ]


def test_every_route_is_tried() -> None:
    app = create_app(load_settings(debug_endpoints_enabled=True))

    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, APIRoute) and route.path.startswith("/api")
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert {(case.method, case.path) for case in list_endpoints()} == served - OF_NO_USER


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ({"type": "string"}, {}, {}),
        (UUID_SCHEMA, {"callId": {"type": "string"}}, {}),
        (UUID_SCHEMA, {"since": {"type": "string", "format": "week"}}, {}),
        (UUID_SCHEMA, {}, {"type": "object", "properties": {"contactId": {"type": "string"}}}),
        (UUID_SCHEMA, {}, {"type": "object", "additionalProperties": True}),
        (UUID_SCHEMA, {}, {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$"}}}),
    ],
)
def test_endpoints_that_nobody_can_fill_are_refused(
    path: dict[str, Any], query: dict[str, Any], body: dict[str, Any]
) -> None:
    with pytest.raises(CannotFillError):
        make_endpoint("POST", "/api/shelves/{id}", operation(path, body=body, **query))


IDS_SCHEMA = {"type": "array", "items": UUID_SCHEMA}
TEXT_SCHEMA = {"type": "string", "maxLength": 300}


def operation(path: dict[str, Any], *, body: dict[str, Any], **query: dict[str, Any]) -> dict[str, Any]:
    """An operation with an id in its path, these parameters in its query, and a body."""
    return {
        "operationId": "moveShelf",
        "parameters": [
            {"name": "id", "in": "path", "schema": path},
            *({"name": name, "in": "query", "schema": schema} for name, schema in query.items()),
        ],
        "requestBody": {"content": {"application/json": {"schema": body}}} if body else {},
    }

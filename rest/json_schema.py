"""JSON Schemas of answers, made from operation and GraphQL schema, never written a second time.

A field that is left out when null is optional and never null; one marked `@keepNull` is required and may be null. A
JSON scalar is described by the type that `@describedBy` names, and stays open to more members.
Source: architecture.md, "The facade".
"""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_non_null_type,
)

from rest.selection import SelectedField

JsonSchema = dict[str, Any]

_SCALARS: dict[str, JsonSchema] = {
    "String": {"type": "string"},
    "ID": {"type": "string"},
    "Int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "UUID": {"type": "string", "format": "uuid"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "JSON": {},
    "LabelCounts": {"type": "object", "additionalProperties": {"type": "integer"}},
}

_STORED_DOCUMENT = "document"
"""The field of a typed document that is the document itself, and no member of it."""


class SchemaWriter:
    """Writes schemas and collects those with a name in `components`."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.components: dict[str, JsonSchema] = {}

    def write_answer(self, field: SelectedField) -> JsonSchema:
        """The schema of a value of a selected field."""
        return self._write_selected(_unwrap(field.type), field)

    def _write_selected(self, field_type: GraphQLOutputType, field: SelectedField) -> JsonSchema:
        if isinstance(field_type, GraphQLList):
            return {"type": "array", "items": self._write_item(field_type.of_type, field)}
        if isinstance(field_type, GraphQLObjectType):
            return self._write_selected_object(field_type, field)
        if field.described_by is not None:
            return self._refer_to_document(field.described_by)
        return self._write_leaf(field_type)

    def _write_item(self, item: GraphQLOutputType, field: SelectedField) -> JsonSchema:
        written = self._write_selected(_unwrap(item), field)
        return written if is_non_null_type(item) else _or_null(written)

    def _write_selected_object(self, object_type: GraphQLObjectType, field: SelectedField) -> JsonSchema:
        properties = {}
        for member in field.fields:
            written = self.write_answer(member)
            shown = _or_null(written) if member.keeps_null and not _is_required(member) else written
            properties[member.key] = {**shown, "description": member.description}
        written = {
            "type": "object",
            "description": object_type.description,
            "properties": properties,
            "required": sorted(member.key for member in field.fields if _is_required(member) or member.keeps_null),
            "additionalProperties": False,
        }
        return written if field.fragment is None else self._refer(field.fragment, written)

    def _refer_to_document(self, name: str) -> JsonSchema:
        """A document of a type: what the type requires is there, everything else may be null, missing or unknown."""
        object_type = self._schema.type_map[name]
        assert isinstance(object_type, GraphQLObjectType), name
        members = {key: member for key, member in object_type.fields.items() if key != _STORED_DOCUMENT}
        properties = {key: self._write_document_member(member) for key, member in members.items()}
        required = sorted(key for key, member in members.items() if is_non_null_type(member.type))
        written = {"type": "object", "description": object_type.description, "properties": properties}
        return self._refer(name, {**written, "required": required} if required else written)

    def _write_document_member(self, member: GraphQLField) -> JsonSchema:
        return {**self._write_document_value(member.type), "description": member.description}

    def _write_document_value(self, value_type: GraphQLOutputType) -> JsonSchema:
        if isinstance(value_type, GraphQLNonNull):
            inner = value_type.of_type
            if isinstance(inner, GraphQLList):
                return {"type": "array", "items": self._write_document_value(inner.of_type)}
            return (
                self._refer_to_document(inner.name) if isinstance(inner, GraphQLObjectType) else self._write_leaf(inner)
            )
        return _or_null(self._write_document_value(GraphQLNonNull(value_type)))

    def _write_leaf(self, leaf: GraphQLOutputType) -> JsonSchema:
        if isinstance(leaf, GraphQLEnumType):
            return self._refer(
                leaf.name, {"type": "string", "description": leaf.description, "enum": list(leaf.values)}
            )
        return dict(_SCALARS[str(leaf)])

    def _refer(self, name: str, written: JsonSchema) -> JsonSchema:
        if self.components.setdefault(name, written) != written:
            raise ValueError(f"two different schemas have the name {name}")
        return {"$ref": f"#/components/schemas/{name}"}


def _unwrap(wrapped: GraphQLOutputType) -> GraphQLOutputType:
    return wrapped.of_type if isinstance(wrapped, GraphQLNonNull) else wrapped


def _is_required(field: SelectedField) -> bool:
    return is_non_null_type(field.type)


def _or_null(schema: JsonSchema) -> JsonSchema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return schema if schema == {} else {"anyOf": [schema, {"type": "null"}]}

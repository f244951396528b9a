"""A case for each operation of the OpenAPI document that users can ask for, whatever it is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from rest.openapi import export_openapi
from tests.forms import field
from tests.privacy.cases import (
    DAY,
    FILE,
    MOMENT,
    TEXT,
    CannotFillError,
    Case,
    Slot,
    SlotKind,
    Values,
    fill,
    write_file,
    write_form,
)

_NAMED_LIKE_AN_ID = re.compile(r"((^|\.)i|I)ds?$")
_FREE_TEXT = {"form.contactId", "form.metadata.contactId"}
"""Named like an id, but any text will do: the phone's own address book has it."""

_ONLY_TEXT = {"form.consentAccepted": "true"}
"""What takes one word alone."""

OF_NO_USER = {("POST", "/api/webhooks/lemonfox")}
"""A provider brings something to a call, by an address that we have signed: `tests/rest/test_webhooks.py`."""

_KEY_PARAMETER = {"$ref": "#/components/parameters/Idempotency-Key"}


@dataclass(frozen=True)
class Endpoint(Case):
    """An endpoint; `template` has the parts `path`, `query`, and `json` or `form`."""

    method: str
    path: str
    is_public: bool

    def locate(self, values: Values) -> tuple[str, str]:
        return self.method, self.path.format(**fill(self.template["path"], values))

    def write(self, values: Values, options: Mapping[str, Any]) -> dict[str, Any]:
        filled = fill(self.template, values)
        query = {name: value for name, value in {**filled["query"], **options}.items() if value is not None}
        request: dict[str, Any] = {
            "params": {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}
        }
        if "json" in filled:
            request["json"] = filled["json"]
        if "form" in filled:
            parts = (_write_part(name, value) for name, value in filled["form"].items())
            request.update(write_form(list(parts)))
        return request


def list_endpoints() -> list[Endpoint]:
    """A case for each operation, optional ones too, in the order of the document."""
    return list(_make_endpoints(orjson.loads(export_openapi())))


def _make_endpoints(document: dict[str, Any]) -> Iterator[Endpoint]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if (method.upper(), path) not in OF_NO_USER:
                yield make_endpoint(method.upper(), path, operation)


def make_endpoint(method: str, path: str, operation: dict[str, Any]) -> Endpoint:
    """Make the case of one operation.

    Raises:
        CannotFillError: it has an input that nobody here knows how to fill.
    """
    parameters = [parameter for parameter in operation.get("parameters", ()) if parameter != _KEY_PARAMETER]
    template: dict[str, Any] = {
        "path": {
            parameter["name"]: _make_value(parameter["name"], parameter["schema"], SlotKind.ONE)
            for parameter in parameters
            if parameter.get("in") == "path"
        },
        "query": {},
    }
    options: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.get("in") not in ("path", "query"):
            raise CannotFillError(f"{operation['operationId']}: {parameter}")
        if parameter["in"] == "query":
            value = _make_value(parameter["name"], parameter["schema"])
            is_needed = parameter.get("required", False) or isinstance(value, Slot)
            (template["query"] if is_needed else options)[parameter["name"]] = value
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if content_type not in _BODIES:
            raise CannotFillError(f"{operation['operationId']}: {content_type}")
        part = _BODIES[content_type]
        template[part] = _make_value(part, content["schema"])
    changes = _KEY_PARAMETER in operation.get("parameters", ())
    is_public = operation.get("security") == []
    return Endpoint(operation["operationId"], template, options, changes, method, path, is_public)


_BODIES = {"application/json": "json", "multipart/form-data": "form"}


def _make_value(name: str, schema: dict[str, Any], kind: SlotKind = SlotKind.FILTER) -> Any:
    if "anyOf" in schema:
        [schema] = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {member: _make_value(f"{name}.{member}", inner) for member, inner in schema["properties"].items()}
        case "array":
            item = _make_value(name, schema["items"])
            return Slot(name, SlotKind.MANY) if isinstance(item, Slot) else [item]
        case "string":
            return _make_text(name, schema, kind)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    raise CannotFillError(f"{name}: {schema}")


_FORMATS = {"date": DAY, "date-time": MOMENT, "binary": FILE}


def _make_text(name: str, schema: dict[str, Any], kind: SlotKind) -> Any:
    if schema.get("format") == "uuid":
        return Slot(name, kind)
    if "format" in schema:
        if schema["format"] not in _FORMATS:
            raise CannotFillError(f"{name}: {schema}")
        return _FORMATS[schema["format"]]
    if name in _ONLY_TEXT:
        return _ONLY_TEXT[name]
    if name == "cursor":
        return Slot(name, SlotKind.CURSOR)
    is_text = name in _FREE_TEXT or not _NAMED_LIKE_AN_ID.search(name)
    if not is_text or not re.search(schema.get("pattern", ""), TEXT):
        raise CannotFillError(f"{name}: {schema}")
    return TEXT


def _write_part(name: str, value: Any) -> tuple[str, bytes]:
    if value is FILE:
        return write_file(name)
    return field(name, value if isinstance(value, str) else orjson.dumps(value))

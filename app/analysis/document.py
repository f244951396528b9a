"""The stored analysis: reading its bytes, and the aliases that old clients know.

The schema is open, so nothing here looks at a member that it does not need. Source: analysis.md, sections 1, 7 and 8.
"""

import re
from typing import Any

import orjson

Document = dict[str, Any]

_OPENING_FENCE = re.compile(r"```(?:json)?", re.IGNORECASE)
_CLOSING_FENCE = "```"
_CURRENT_MEMBERS = ("oneLineSummary", "executiveSummary", "sections")
"""An artifact without any of these is already in the legacy shape."""

_ALIASES = {"shortSummary": "oneLineSummary", "detailedSummary": "executiveSummary"}


class InvalidAnalysisError(ValueError):
    """The bytes are not one JSON object."""


def parse_analysis(content: bytes) -> Document:
    """Read an analysis as the engine wrote it; one Markdown fence around it does not count.

    Raises:
        InvalidAnalysisError: not UTF-8, not JSON (NaN and lone surrogates are none), or not an object.
    """
    try:
        document = orjson.loads(_strip_fence(content.decode().strip()))
    except ValueError as error:
        # The messages of both parsers may quote the input.
        raise InvalidAnalysisError(type(error).__name__) from None
    if not isinstance(document, dict):
        raise InvalidAnalysisError("not an object")
    return document


def serve_document(document: Document, schema_version: int | None) -> Document:
    """The document with its legacy aliases, and with the version of the artifact row when it does not tell its own.

    A document in the legacy shape is returned untouched; no member that is there is ever changed.
    """
    if not any(member in document for member in _CURRENT_MEMBERS):
        return document
    added: Document = {
        alias: document[member] for alias, member in _ALIASES.items() if document.get(member) is not None
    }
    if "sections" in document:
        added["keyPoints"] = _key_points(document["sections"])
    if schema_version is not None:
        added["schemaVersion"] = schema_version
    return {**document, **{member: value for member, value in added.items() if member not in document}}


def _strip_fence(text: str) -> str:
    opening = _OPENING_FENCE.match(text)
    return text[opening.end() :].removesuffix(_CLOSING_FENCE) if opening else text


def _key_points(sections: Any) -> list[str]:
    """The texts of all items of high importance, in section then item order."""
    return [
        item["text"]
        for section in _objects(sections)
        for item in _objects(section.get("items"))
        if isinstance(item.get("text"), str) and str(item.get("importance")).lower() == "high"
    ]


def _objects(value: Any) -> list[Document]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

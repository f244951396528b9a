"""The two forms that bring a recording: the fields of REST and the GraphQL multipart request.

Source: rest.md, sections 1.10 (E5, E13, E19), 1.11 and 2.2.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import ValidationFailedError
from app.resources import Resources
from app.strict_json import InvalidJsonError, parse_json
from app.uploads.body import RequestBody
from app.uploads.metadata import FLAT_FIELDS, CallMetadata, Wire, read_metadata, read_title
from app.uploads.multipart import PartHead
from app.uploads.receiving import ReceivedForm, receive_form
from app.uploads.stored import StoredUpload


@dataclass(frozen=True, slots=True)
class CallForm:
    """A recording that is stored, and what its uploader said about it.

    `parts` are the name, file name and SHA-256 of every part that was sent, for telling one request from another.
    """

    recording: StoredUpload
    metadata: CallMetadata
    parts: tuple[tuple[str, str | None, str], ...]


@asynccontextmanager
async def receive_call(resources: Resources, user_id: UUID, body: RequestBody) -> AsyncIterator[CallForm]:
    """Take in REST's form; when the block ends without a call of that id, nothing stays behind.

    Raises:
        PayloadTooLargeError, UnsupportedMediaTypeError, ValidationFailedError: in this order of weight.
        StorageUnavailableError: the recording could not be stored.
    """
    async with receive_form(resources, user_id, body, lambda part, _: part.name == "file") as form:
        metadata = _read_metadata(form)
        yield CallForm(form.require_recording(), metadata, tuple(form.parts))


def _read_metadata(form: ReceivedForm) -> CallMetadata:
    content = form.texts.get("metadata", b"")
    if any(problem.field == "metadata" for problem in form.problems):
        return CallMetadata()
    if not content.strip():
        texts = {name: _read_text(form, name) for name in FLAT_FIELDS}
        return read_metadata(texts, form.problems, prefix="", wire=Wire.FORM)
    envelope = _read_object(form, "metadata", content)
    if not _is_given(envelope.get("title")):
        # Checked under its own name, because it is the flat part that is at fault.
        envelope = {**envelope, "title": read_title(_read_text(form, "title"), form.problems)}
    return read_metadata(envelope, form.problems, prefix="metadata.")


def _is_given(value: object) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _read_text(form: ReceivedForm, name: str) -> str | None:
    try:
        return form.texts[name].decode() if name in form.texts else None
    except UnicodeDecodeError:
        form.refuse(name, "must be UTF-8 text")
        return None


def _read_object(form: ReceivedForm, field: str, content: bytes) -> dict[str, Any]:
    try:
        value = parse_json(content)
    except InvalidJsonError:
        value = None
    if not isinstance(value, dict):
        form.refuse(field, "must be a JSON object")
        return {}
    return value


@asynccontextmanager
async def receive_graphql(resources: Resources, user_id: UUID, body: RequestBody) -> AsyncIterator[Mapping[str, Any]]:
    """Take in a GraphQL multipart request of `operations`, `map` and at most one file, in this order.

    The value is `operations` with a `StoredUpload` where `map` says. When the block ends without a call of its id,
    nothing stays behind.

    Raises:
        PayloadTooLargeError, UnsupportedMediaTypeError, ValidationFailedError: in this order of weight.
        StorageUnavailableError: the recording could not be stored.
    """
    async with receive_form(resources, user_id, body, _is_mapped) as form:
        places = _read_places(form.texts.get("map", b"")) or {}
        if len(places) != 1:
            form.refuse("map", "must name one file")
        operations = _read_object(form, "operations", form.texts.get("operations", b""))
        upload = form.require_recording()
        for path in next(iter(places.values())):
            _put_into(operations, path, upload)
        yield operations


def _is_mapped(part: PartHead, form: ReceivedForm) -> bool:
    return part.name not in ("operations", "map") and part.name in (_read_places(form.texts.get("map", b"")) or {})


def _read_places(content: bytes) -> dict[str, list[str]] | None:
    """Read `map`: part names and the dotted paths where their files belong; None when it is not that."""
    try:
        value = parse_json(content)
    except InvalidJsonError:
        return None
    if not isinstance(value, dict):
        return None
    is_valid = all(isinstance(paths, list) and all(isinstance(path, str) for path in paths) for paths in value.values())
    return value if is_valid else None


def _put_into(operations: dict[str, Any], path: str, upload: StoredUpload) -> None:
    *parents, last = path.split(".")
    target: Any = operations
    try:
        for key in parents:
            target = target[int(key)] if isinstance(target, list) else target[key]
        if target[int(last) if isinstance(target, list) else last] is not None:
            raise KeyError(last)
    except (KeyError, IndexError, ValueError, TypeError):
        raise ValidationFailedError.of("map", "must point at null values of the operations") from None
    target[int(last) if isinstance(target, list) else last] = upload

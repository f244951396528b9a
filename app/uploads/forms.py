"""The forms that bring a recording or a voice sample: those of REST, and the GraphQL multipart request.

Source: rest.md, sections 1.10 (E5, E13, E19), 1.11, 2.2 and 2.16.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from app.errors import PayloadTooLargeError, ValidationFailedError, VoiceConsentRequiredError
from app.resources import Resources
from app.settings import Settings
from app.strict_json import InvalidJsonError, parse_json
from app.uploads.body import RequestBody
from app.uploads.keeping import DigestKeeper, SampleKeeper, keep_recording
from app.uploads.metadata import FLAT_FIELDS, CallMetadata, Wire, read_metadata, read_title
from app.uploads.multipart import PartHead
from app.uploads.receiving import MAX_PARTS, MAX_TEXT_BYTES, Keeper, Kept, ReceivedForm, read_form
from app.uploads.stored import StoredUpload
from app.uploads.voice_sample import VoiceSample

_MAX_BESIDE_BYTES = 2 * MAX_PARTS * MAX_TEXT_BYTES
"""What a form may hold beside its file: twice the longest texts, to have room for their headers."""

Upload = StoredUpload | VoiceSample


class FilePurpose(Enum):
    """What a GraphQL multipart request brings its file for."""

    RECORDING = auto()
    SAMPLE = auto()
    NONE = auto()
    """Nothing in its document takes one, or the document cannot be read."""


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
    async with keep_recording(resources, user_id) as keeper:
        form = await read_form(
            body, resources.settings.max_request_size, lambda part, _: keeper if part.name == "file" else None
        )
        metadata = _read_metadata(form)
        yield CallForm(form.require_file(), metadata, tuple(form.parts))


def _read_metadata(form: ReceivedForm[Kept]) -> CallMetadata:
    content = form.texts.get("metadata", b"")
    if form.is_refused("metadata"):
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


def _read_text(form: ReceivedForm[Kept], name: str) -> str | None:
    try:
        return form.texts[name].decode() if name in form.texts else None
    except UnicodeDecodeError:
        form.refuse(name, "must be UTF-8 text")
        return None


def _read_object(form: ReceivedForm[Kept], field: str, content: bytes) -> dict[str, Any]:
    try:
        value = parse_json(content)
    except InvalidJsonError:
        value = None
    if not isinstance(value, dict):
        form.refuse(field, "must be a JSON object")
        return {}
    return value


@dataclass(frozen=True, slots=True)
class SampleForm:
    """A sample of the user's voice. `has_consent` is None when nothing was said about that; `parts` as of a call."""

    sample: VoiceSample
    has_consent: bool | None
    parts: tuple[tuple[str, str | None, str], ...]


async def receive_sample(settings: Settings, body: RequestBody) -> SampleForm:
    """Take in REST's form of a voice profile; it is in memory, and nothing of it is stored.

    Raises:
        VoiceSampleTooLargeError, UnsupportedMediaTypeError, ValidationFailedError, VoiceConsentRequiredError: in this
            order of weight.
    """
    keeper = SampleKeeper(settings)
    try:
        form = await read_form(
            body, keeper.max_bytes + _MAX_BESIDE_BYTES, lambda part, _: keeper if part.name == "file" else None
        )
    except PayloadTooLargeError:
        raise keeper.too_large() from None
    sample = form.require_file()
    return SampleForm(sample, _read_consent(form.texts.get("consentAccepted")), tuple(form.parts))


def _read_consent(content: bytes | None) -> bool | None:
    if content is None:
        return None
    if content.strip().lower() != b"true":
        raise VoiceConsentRequiredError
    return True


@asynccontextmanager
async def receive_graphql(
    resources: Resources, user_id: UUID, body: RequestBody, find_purpose: Callable[[Mapping[str, Any]], FilePurpose]
) -> AsyncIterator[Mapping[str, Any]]:
    """Take in a GraphQL multipart request of `operations`, `map` and at most one file, in this order.

    The value is `operations` with the file where `map` says: a `StoredUpload` if `find_purpose` says of them that it is
    the recording of a call, else a `VoiceSample`, which is in memory only, and empty if nobody takes it. When the block
    ends without a call of the upload's id, nothing stays behind.

    Raises:
        PayloadTooLargeError, VoiceSampleTooLargeError, UnsupportedMediaTypeError, ValidationFailedError: in this order
            of weight.
        StorageUnavailableError: the recording could not be stored.
    """
    async with keep_recording(resources, user_id) as recording:
        keepers: Mapping[FilePurpose, Keeper[Upload]] = {
            FilePurpose.RECORDING: recording,
            FilePurpose.SAMPLE: SampleKeeper(resources.settings),
            FilePurpose.NONE: DigestKeeper(resources.settings),
        }

        def choose(part: PartHead, form: ReceivedForm[Upload]) -> Keeper[Upload] | None:
            if not _is_mapped(part, form):
                return None
            # Only the document tells whether this is something that must not be stored.
            if "operations" not in form.texts:
                form.refuse("operations", "must come before the file")
            return keepers[find_purpose(_read_operations(form))]

        form = await read_form(body, resources.settings.max_request_size, choose)
        places = _read_places(form.texts.get("map", b"")) or {}
        if len(places) != 1:
            form.refuse("map", "must name one file")
        operations = _read_operations(form)
        upload = form.require_file()
        for path in next(iter(places.values())):
            _put_into(operations, path, upload)
        yield operations


def _read_operations(form: ReceivedForm[Upload]) -> dict[str, Any]:
    if form.is_refused("operations"):
        return {}
    return _read_object(form, "operations", form.texts.get("operations", b""))


def _is_mapped(part: PartHead, form: ReceivedForm[Kept]) -> bool:
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


def _put_into(operations: dict[str, Any], path: str, upload: Upload) -> None:
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

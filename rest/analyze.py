"""Taking a recording in. Source: rest.md, section 2.2."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic.json_schema import JsonSchemaValue

from app.errors import (
    AccountSuspendedError,
    ConcurrentCallsLimitError,
    PayloadTooLargeError,
    StorageUnavailableError,
    UnsupportedMediaTypeError,
    UploadRateLimitError,
    UploadVolumeLimitError,
    ValidationFailedError,
)
from app.uploads import metadata as rules
from app.uploads.metadata import CallMetadata
from app.uploads.receiving import MAX_PARTS
from rest.caller import Uploading
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import Text
from rest.operations import enum_values

router = APIRouter(prefix="/api/calls", route_class=Endpoint)


_YEARS = "^(19[7-9][0-9]|20[0-9]{2}|2100)-"


def _text(max_chars: int, description: str) -> JsonSchemaValue:
    return {**Text(max_chars).describe(), "description": description}


_TEXTS = {
    "title": _text(rules.MAX_TITLE, "Without one, the analysis suggests one."),
    "fileName": _text(rules.MAX_FILE_NAME, "Name to show; else the one of the file part."),
    "contactName": _text(rules.MAX_CONTACT_NAME, "The other party; links the call to the contact of that name."),
    "contactId": _text(rules.MAX_CONTACT_ID, "The id in the phone's own address book."),
    "phoneNumber": _text(rules.MAX_PHONE_NUMBER, "The other party's number, stored as sent."),
    "organization": _text(rules.MAX_ORGANIZATION, "The other party's organisation."),
}


def _form_schema() -> JsonSchemaValue:
    members = {
        **_TEXTS,
        "direction": {"type": "string", "enum": list(enum_values("Direction")), "description": "Who called whom."},
        "recordedAt": {
            "type": "string",
            "format": "date-time",
            "pattern": _YEARS,
            "description": f"When, in the years {rules.FIRST_YEAR} to {rules.LAST_YEAR}; by default now.",
        },
        "durationSeconds": {
            "type": "integer",
            "minimum": 0,
            "maximum": rules.MAX_DURATION_SECONDS,
            "description": "0 means not known.",
        },
    }
    return {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "The recording, 1 byte to 50 MB."},
            "metadata": {
                "type": "object",
                "properties": members,
                "description": "What is known about the recording; the flat fields are ignored beside it.",
            },
            **members,
        },
        "required": ["file"],
        # Other parts are ignored, but must be texts, and not be there twice.
        "additionalProperties": {"type": "string"},
        "maxProperties": MAX_PARTS,
    }


@router.post("/analyze")
@documented(
    Documentation(
        "analyzeCall",
        status=202,
        answers=("AnalyzeCall",),
        form=_form_schema,
        location=True,
        errors=(
            ValidationFailedError,
            PayloadTooLargeError,
            UnsupportedMediaTypeError,
            AccountSuspendedError,
            UploadRateLimitError,
            ConcurrentCallsLimitError,
            UploadVolumeLimitError,
            StorageUnavailableError,
        ),
        changes=True,
    )
)
async def analyze_call(caller: Uploading) -> Response:
    """Take a recording in; it is processed after the answer."""
    async with caller.receive_call() as form:
        return await caller.change(
            "AnalyzeCall",
            {"file": form.recording, "input": _to_input(form.metadata)},
            status=202,
            locate=lambda body: f"/api/calls/{body['id']}",
        )


def _to_input(metadata: CallMetadata) -> dict[str, Any]:
    return {
        "title": metadata.title,
        "fileName": metadata.file_name,
        "contactName": metadata.contact_name,
        "contactId": metadata.contact_id,
        "phoneNumber": metadata.phone_number,
        "organization": metadata.organization,
        "direction": metadata.direction.value,
        "recordedAt": metadata.recorded_at.isoformat() if metadata.recorded_at else None,
        "durationSeconds": metadata.duration_seconds,
    }

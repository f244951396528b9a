"""Taking a recording in. Source: rest.md, section 2.2."""

from typing import Any

from fastapi import APIRouter, Response

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
from rest.caller import Uploading
from rest.documentation import Documentation, documented
from rest.operations import enum_values

router = APIRouter(prefix="/api/calls")


def _form_schema() -> dict[str, Any]:
    def text(limit: int, description: str) -> dict[str, Any]:
        return {"type": "string", "maxLength": limit, "description": description}

    members = {
        "title": text(rules.MAX_TITLE, "Without one, the analysis suggests one."),
        "fileName": text(rules.MAX_FILE_NAME, "Name to show; else the one of the file part."),
        "contactName": text(rules.MAX_CONTACT_NAME, "The other party; links the call to the contact of that name."),
        "contactId": text(rules.MAX_CONTACT_ID, "The id in the phone's own address book."),
        "phoneNumber": text(rules.MAX_PHONE_NUMBER, "The other party's number, stored as sent."),
        "organization": text(rules.MAX_ORGANIZATION, "The other party's organisation."),
        "direction": {"type": "string", "enum": list(enum_values("Direction")), "description": "Who called whom."},
        "recordedAt": {"type": "string", "format": "date-time", "description": "When; by default now."},
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

"""Taking a recording in. Source: rest.md, section 2.2."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import service as calls
from app.calls.models import CallRecord
from app.calls.queries import CallRow
from app.uploads.metadata import validate_metadata
from app.uploads.stored import StoredUpload
from scryon_graphql.calls.types import Call
from scryon_graphql.context import Context
from scryon_graphql.effects import apply_once
from scryon_graphql.enums import Direction


@strawberry.input(description="What is known about a recording; null and blank mean not known.")
class AnalyzeCallInput:
    title: str | None = strawberry.field(
        default=None, description="At most 300 characters; without one, the analysis suggests one."
    )
    file_name: str | None = strawberry.field(
        default=None, description="Name to show, at most 255 characters; else the uploaded file's own."
    )
    contact_name: str | None = strawberry.field(
        default=None,
        description="The other party, at most 200 characters; the call is linked to the contact of that name, "
        "which is made if there is none.",
    )
    contact_id: str | None = strawberry.field(
        default=None, description="The id in the phone's own address book, at most 200 characters."
    )
    phone_number: str | None = strawberry.field(
        default=None, description="The other party's number, at most 64 characters; stored as sent."
    )
    organization: str | None = strawberry.field(
        default=None, description="The other party's organisation, at most 200 characters."
    )
    direction: Direction | None = strawberry.field(default=None, description="Who called whom; UNKNOWN by default.")
    recorded_at: datetime | None = strawberry.field(
        default=None, description="When the call took place, by default now; relative dates are read in its offset."
    )
    duration_seconds: int | None = strawberry.field(
        default=None, description="0 to 86400; 0 means not known, and it is measured."
    )


def _metadata_of(given: AnalyzeCallInput) -> dict[str, object]:
    """By the names of the REST envelope, whose rules hold for both doors."""
    return {
        "title": given.title,
        "fileName": given.file_name,
        "contactName": given.contact_name,
        "contactId": given.contact_id,
        "phoneNumber": given.phone_number,
        "organization": given.organization,
        "direction": given.direction,
        "recordedAt": given.recorded_at,
        "durationSeconds": given.duration_seconds,
    }


@strawberry.type
class AnalyzeCallMutation:
    @strawberry.mutation(
        description="Take a recording in. It is processed after the answer, in which the call is QUEUED. "
        "Errors: `validation_failed`, `payload_too_large`, `unsupported_media_type`, `storage_unavailable`, "
        "`ACCOUNT_SUSPENDED`, `UPLOAD_RATE_LIMIT`, `CONCURRENT_CALLS_LIMIT`, `UPLOAD_VOLUME_LIMIT`."
    )
    async def analyze_call(
        self,
        info: strawberry.Info[Context],
        file: Annotated[StoredUpload, strawberry.argument(description="The recording, up to 50 MB.")],
        input: Annotated[
            AnalyzeCallInput | None, strawberry.argument(description="What is known about the recording.")
        ] = None,
    ) -> Call:
        context = info.context
        metadata = validate_metadata(_metadata_of(input or AnalyzeCallInput()), prefix="input.")
        created: list[CallRecord] = []

        async def create(session: AsyncSession) -> CallRow:
            settings = context.resources.settings
            call = await calls.create_call(session, settings, user_id=context.user_id, upload=file, metadata=metadata)
            created.append(call)
            return await find(session, call.id)

        async def find(session: AsyncSession, call_id: UUID) -> CallRow:
            row, _ = await calls.get_call(session, context.user_id, call_id)
            return row

        with structlog.contextvars.bound_contextvars(callId=str(file.call_id)):
            row = await apply_once(context, create, find)
            for call in created:
                await calls.announce_call(context.resources, call, context.request_id)
        return Call.from_row(row)

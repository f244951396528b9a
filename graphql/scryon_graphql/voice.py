"""The user's voice profile; only its removal works in this version. Source: rest.md, sections 2.16 to 2.18."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

import strawberry

from app.uploads.stored import StoredUpload
from app.voice import models
from app.voice import queries as voice_queries
from app.voice.profiles import voice_profiles
from scryon_graphql.context import Context
from scryon_graphql.enums import expose


class VoiceProfileStatus(StrEnum):
    """Whether there is a voice profile."""

    ACTIVE = "ACTIVE"
    MISSING = "MISSING"


expose(
    VoiceProfileStatus,
    "VoiceProfileStatus",
    "Whether there is a voice profile.",
    {
        VoiceProfileStatus.ACTIVE: "There is one.",
        VoiceProfileStatus.MISSING: "There is none.",
    },
)


@strawberry.type(description="The voice by which the user is recognised in calls. Nothing here holds the voice itself.")
class VoiceProfile:
    status: VoiceProfileStatus = strawberry.field(description="Whether there is one.")
    enabled: bool = strawberry.field(description="True: while the feature is off, asking is an error.")
    provider: str | None = strawberry.field(default=None, description="Who made it.")
    model: str | None = strawberry.field(default=None, description="With which model.")
    consent_version: str | None = strawberry.field(default=None, description="What the user agreed to.")
    created_at: datetime | None = strawberry.field(default=None, description="When it was first made.")
    updated_at: datetime | None = strawberry.field(default=None, description="When it was last replaced.")
    sample_count: int | None = strawberry.field(default=None, description="Samples that it was made from.")
    sample_duration_seconds: int | None = strawberry.field(default=None, description="Length of the sample.")

    @classmethod
    def from_row(cls, row: models.VoiceProfile | None) -> Self:
        if row is None:
            return cls(status=VoiceProfileStatus.MISSING, enabled=True)
        return cls(
            status=VoiceProfileStatus.ACTIVE,
            enabled=True,
            provider=row.provider,
            model=row.model,
            consent_version=row.consent_version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            sample_count=1,
            sample_duration_seconds=row.sample_duration_seconds,
        )


@strawberry.type
class VoiceQuery:
    @strawberry.field(description="The user's voice profile. Errors: `feature_not_available`, always in this version.")
    async def voice_profile(self, info: strawberry.Info[Context]) -> VoiceProfile | None:
        # Nullable, so that a dashboard that asks for it beside other things still gets those.
        return VoiceProfile.from_row(await voice_profiles.find(info.context.user_id))


@strawberry.type
class VoiceMutation:
    @strawberry.mutation(
        description="Make or replace the voice profile. Errors: `feature_not_available`, always in this version."
    )
    async def put_voice_profile(
        self,
        info: strawberry.Info[Context],
        file: Annotated[StoredUpload, strawberry.argument(description="A recording of the user's voice.")],
        consent_accepted: Annotated[
            bool | None, strawberry.argument(description="If given, true: the user agrees to the processing.")
        ] = None,
    ) -> VoiceProfile:
        row = await voice_profiles.put(info.context.user_id, file, consent_accepted=consent_accepted)
        return VoiceProfile.from_row(row)

    @strawberry.mutation(
        description="Remove the voice profile, also while the feature is off. Tells whether there was one."
    )
    async def delete_voice_profile(self, info: strawberry.Info[Context]) -> bool:
        async with info.context.resources.database.transaction() as session:
            return await voice_queries.delete_profile(session, info.context.user_id)

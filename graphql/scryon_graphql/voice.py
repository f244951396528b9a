"""The user's voice profile: the type, query, mutations. Source: rest.md, sections 2.16 to 2.18."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from app.uploads.voice_sample import VoiceSample
from app.voice import models
from app.voice import service as voices
from scryon_graphql.context import Context
from scryon_graphql.effects import apply_once
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
    @strawberry.field(
        description="The user's voice profile, of the status MISSING when there is none. "
        "Errors: `feature_not_available`, while the server does not recognise voices."
    )
    async def voice_profile(self, info: strawberry.Info[Context]) -> VoiceProfile | None:
        # Nullable, so that a dashboard that asks for it beside other things still gets those.
        context = info.context
        voices.require_feature(context.resources.settings)
        async with context.resources.database.read() as session:
            return VoiceProfile.from_row(await voices.find_profile(session, context.user_id))


@strawberry.type
class VoiceMutation:
    @strawberry.mutation(
        description="Make the voice profile, in the place of an earlier one, which stays as it is after any error. "
        "The sample itself is not kept. Errors: `feature_not_available`, `voice_sample_too_large`, "
        "`unsupported_media_type`, `voice_consent_required`, `voice_sample_too_short`, `voice_sample_too_long`, "
        "`voice_provider_error`."
    )
    async def put_voice_profile(
        self,
        info: strawberry.Info[Context],
        file: Annotated[
            VoiceSample,
            strawberry.argument(description="A recording of the user's voice alone, of 15 to 45 s and up to 10 MB."),
        ],
        consent_accepted: Annotated[
            bool | None, strawberry.argument(description="If given, true: the user agrees to the processing.")
        ] = None,
    ) -> VoiceProfile:
        context = info.context
        resources, user_id = context.resources, context.user_id
        voices.require_feature(resources.settings)
        learned: list[voices.LearnedVoice] = []
        if context.keyed is None or context.keyed.resource_id is None:
            # Before the transaction, which must not wait for a provider.
            learned.append(await voices.learn_voice(resources, file, has_consent=consent_accepted))

        async def save(session: AsyncSession) -> models.VoiceProfile:
            return await voices.save_voice(session, resources.settings, user_id, learned[0])

        row = await apply_once(
            context, save, lambda session, row_id: voices.get_saved_profile(session, user_id, row_id)
        )
        if learned:
            voices.count_saved(resources.metrics, row)
        return VoiceProfile.from_row(row)

    @strawberry.mutation(
        description="Remove the voice profile, also while the feature is off. Tells whether there was one."
    )
    async def delete_voice_profile(self, info: strawberry.Info[Context]) -> bool:
        resources = info.context.resources
        async with resources.database.transaction() as session:
            was_there = await voices.delete_profile(session, info.context.user_id)
        if was_there:
            resources.metrics.voice_profile_deleted.inc()
        return was_there

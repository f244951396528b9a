"""The account and its figures. Source: rest.md, sections 2.12 to 2.15 and 3.9."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from app.settings import Settings
from app.users import models
from app.users import queries as user_queries
from app.users import service as users
from app.users.consent import Consent, update_consent
from app.users.queries import StatsRow
from app.users.service import UserChanges
from scryon_graphql.context import Context
from scryon_graphql.effects import apply_once
from scryon_graphql.enums import AccountStatus, Plan


@strawberry.type(description="The account of the signed-in user.")
class User:
    id: UUID = strawberry.field(description="Id of the account.")
    external_user_id: str = strawberry.field(description="The identity provider's id of the user, or `local-dev`.")
    email: str | None = strawberry.field(description="From the identity provider.")
    display_name: str | None = strawberry.field(description="The name that speakers are compared with.")
    photo_url: str | None = strawberry.field(description="From the identity provider.")
    created_at: datetime = strawberry.field(description="When the account was made.")
    last_login_at: datetime | None = strawberry.field(description="When the user last signed in.")
    privacy_policy_version: str | None = strawberry.field(description="The version that was accepted, if any.")
    privacy_policy_accepted_at: datetime | None = strawberry.field(description="When it was accepted.")
    terms_version: str | None = strawberry.field(description="The version that was accepted, if any.")
    terms_accepted_at: datetime | None = strawberry.field(description="When it was accepted.")
    call_recording_disclaimer_version: str | None = strawberry.field(
        description="The version that was accepted, if any."
    )
    call_recording_disclaimer_accepted_at: datetime | None = strawberry.field(description="When it was accepted.")
    marketing_opt_in: bool = strawberry.field(description="Whether news may be sent.")
    marketing_opt_in_at: datetime | None = strawberry.field(description="When that last changed.")
    plan: Plan = strawberry.field(description="What the account pays for.")
    plans_intro_shown_at: datetime | None = strawberry.field(description="When the plans were first shown.")
    is_admin: bool = strawberry.field(description="Whether the user may use admin routes; this version has none.")
    account_status: AccountStatus = strawberry.field(description="What the account may do.")
    account_status_reason: str | None = strawberry.field(description="Why; null while ACTIVE.")

    @classmethod
    def from_row(cls, row: models.User, settings: Settings) -> Self:
        status = AccountStatus(row.account_status)
        return cls(
            id=row.id,
            external_user_id=row.external_user_id,
            email=row.email,
            display_name=row.display_name or None,
            photo_url=row.photo_url,
            created_at=row.created_at,
            last_login_at=row.last_login_at,
            privacy_policy_version=row.privacy_policy_version,
            privacy_policy_accepted_at=row.privacy_policy_accepted_at,
            terms_version=row.terms_version,
            terms_accepted_at=row.terms_accepted_at,
            call_recording_disclaimer_version=row.call_recording_disclaimer_version,
            call_recording_disclaimer_accepted_at=row.call_recording_disclaimer_accepted_at,
            marketing_opt_in=row.marketing_opt_in,
            marketing_opt_in_at=row.marketing_opt_in_at,
            plan=Plan(row.plan),
            plans_intro_shown_at=row.plans_intro_shown_at,
            is_admin=users.is_admin(row, settings.admin_allowed_emails),
            account_status=status,
            account_status_reason=None if status is AccountStatus.ACTIVE else row.account_status_reason,
        )


@strawberry.type(description="Figures of the signed-in user.")
class Stats:
    total_calls: int = strawberry.field(description="Calls in any status.")
    calls_this_week: int = strawberry.field(description="Calls made in the last 7 times 24 hours.")
    open_action_items: int = strawberry.field(description="OPEN and IN_PROGRESS items.")
    overdue_action_items: int = strawberry.field(description="Of these, those due before today (UTC).")
    completed_action_items: int = strawberry.field(description="DONE items.")
    average_call_duration_seconds: int = strawberry.field(
        description="Mean over the calls of known length, rounded half up; 0 without any."
    )

    @classmethod
    def from_row(cls, row: StatsRow) -> Self:
        return cls(**row._asdict())


@strawberry.input(description="What to change of the account. Null leaves a value alone, an empty text clears it.")
class UpdateMeInput:
    display_name: str | None = strawberry.field(default=None, description="At most 200 characters.")
    fcm_token: str | None = strawberry.field(
        default=None, description="Push token of the device, at most 4096 characters; taken from any other account."
    )
    plans_intro_shown: bool | None = strawberry.field(default=None, description="True stamps `plansIntroShownAt` once.")


@strawberry.input(
    description="What the user agrees to. Null leaves a value alone; a version that is known keeps its time."
)
class UpdateConsentInput:
    privacy_policy_version: str | None = strawberry.field(default=None, description="1 to 64 characters.")
    terms_version: str | None = strawberry.field(default=None, description="1 to 64 characters.")
    call_recording_disclaimer_version: str | None = strawberry.field(default=None, description="1 to 64 characters.")
    marketing_opt_in: bool | None = strawberry.field(
        default=None, description="Whether news may be sent; a change stamps `marketingOptInAt`."
    )


@strawberry.type
class UserQuery:
    @strawberry.field(description="The account of the signed-in user.")
    async def me(self, info: strawberry.Info[Context]) -> User:
        async with info.context.resources.database.read() as session:
            row = await users.get_user(session, info.context.user_id)
        return User.from_row(row, info.context.resources.settings)

    @strawberry.field(description="Figures of the signed-in user.")
    async def stats(self, info: strawberry.Info[Context]) -> Stats:
        async with info.context.resources.database.read() as session:
            row = await user_queries.get_stats(session, info.context.user_id)
        return Stats.from_row(row)


@strawberry.type
class UserMutation:
    @strawberry.mutation(description="Change the account. Errors: `validation_failed`.")
    async def update_me(
        self,
        info: strawberry.Info[Context],
        input: Annotated[UpdateMeInput, strawberry.argument(description="What to change.")],
    ) -> User:
        context = info.context
        changes = UserChanges(input.display_name, input.fcm_token, input.plans_intro_shown)
        row = await apply_once(
            context, lambda session: users.update_user(session, context.user_id, changes), users.get_user
        )
        return User.from_row(row, context.resources.settings)

    @strawberry.mutation(
        description="Write down what the user agrees to; times are the server's. Errors: `validation_failed`."
    )
    async def update_consent(
        self,
        info: strawberry.Info[Context],
        input: Annotated[UpdateConsentInput, strawberry.argument(description="What the user agrees to.")],
    ) -> User:
        context = info.context
        consent = Consent(
            input.privacy_policy_version,
            input.terms_version,
            input.call_recording_disclaimer_version,
            input.marketing_opt_in,
        )
        row = await apply_once(
            context, lambda session: update_consent(session, context.user_id, consent), users.get_user
        )
        return User.from_row(row, context.resources.settings)

    @strawberry.mutation(
        description="Delete the account with every call, contact and profile. There is no way back. "
        "True when everything is gone. Errors: `storage_unavailable`, after which the rest can be deleted again."
    )
    async def delete_me(self, info: strawberry.Info[Context]) -> bool:
        await users.delete_account(info.context.resources, info.context.user_id)
        return True

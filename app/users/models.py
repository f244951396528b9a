"""The account. Source: pipeline.md, section 17."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field

from app.entities import UTC_TIME, MutableEntity


class Plan(StrEnum):
    """What the account pays for."""

    FREE = "FREE"
    PRO = "PRO"


class AccountStatus(StrEnum):
    """SUSPENDED may not upload; DISABLED may do nothing."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DISABLED = "DISABLED"


class User(MutableEntity, table=True):
    """Somebody who records calls; `external_user_id` is the identity provider's uid, or `local-dev`."""

    __tablename__ = "users"

    external_user_id: str = Field(unique=True)
    email: str | None = None
    email_verified: bool = False
    display_name: str | None = None
    """Null until somebody sets it, blank once the user has cleared it; a token fills in null only."""
    photo_url: str | None = None
    fcm_token: str | None = None
    last_login_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    privacy_policy_version: str | None = None
    privacy_policy_accepted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    terms_version: str | None = None
    terms_accepted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    call_recording_disclaimer_version: str | None = None
    call_recording_disclaimer_accepted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    marketing_opt_in: bool = False
    marketing_opt_in_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    plan: str = Plan.FREE
    topup_minutes_balance: int = 0
    topup_transcripts_balance: int = 0
    plans_intro_shown_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    account_status: str = AccountStatus.ACTIVE
    account_status_reason: str | None = None
    account_status_updated_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    account_status_updated_by: str | None = None

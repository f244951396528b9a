"""Who somebody is, whoever vouches for it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity provider says about a user; None where it says nothing.

    `external_user_id` is its own id of the user, 1 to 128 characters. `signed_in_at` is when the user last gave their
    credentials.
    """

    external_user_id: str
    email: str | None = None
    email_verified: bool = False
    display_name: str | None = None
    photo_url: str | None = None
    signed_in_at: datetime | None = None

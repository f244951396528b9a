"""Rules of accounts. Source: rest.md, sections 1.3 (AU2, AU4, AU5), 2.12, 2.13, 2.14 and 3.12 (AD1)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import service as calls
from app.db import Database
from app.errors import ServiceUnavailableError, StorageUnavailableError
from app.resources import Resources
from app.storage.keys import user_prefix
from app.text import MAX_DISPLAY_NAME_CHARS, MAX_FCM_TOKEN_CHARS, TextReader
from app.users import queries
from app.users.accounts import Account
from app.users.identity import Identity
from app.users.models import AccountStatus, User
from app.voice import service as voices

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UserChanges:
    """What a user changes of their account: None leaves a value alone, an empty text clears it."""

    display_name: str | None = None
    fcm_token: str | None = None
    plans_intro_shown: bool | None = None


async def sign_in_user(database: Database, identity: Identity) -> Account:
    """Find the row of an identity, or make it on first sight; safe under concurrent first requests.

    E-mail and photo follow what the identity says, the name only until there is one, the time of the last sign-in only
    forward. One statement, unless something has changed.
    """
    row = await queries.read_identity(database, identity.external_user_id)
    if row is not None and row.follows(identity):
        return _account(row)
    while True:
        # Again and again, since the account may be deleted between the statements.
        async with database.transaction() as session:
            await queries.add_user(session, identity)
            await queries.follow_identity(session, identity)
            row = await queries.find_identity(session, identity.external_user_id)
        if row is not None:
            return _account(row)


def _account(row: queries.IdentityRow) -> Account:
    return Account(row.id, AccountStatus(row.account_status), row.account_status_reason)


async def get_user(session: AsyncSession, user_id: UUID) -> User:
    """The account of a signed-in user.

    Raises:
        ServiceUnavailableError: the account was deleted while this request ran; the next one starts a new account.
    """
    user = await queries.find_user(session, user_id)
    if user is None:
        raise ServiceUnavailableError
    return user


def is_admin(user: User, admin_emails: Collection[str]) -> bool:
    """Whether the verified e-mail address of a user is one of these, capitals aside."""
    email = (user.email or "").casefold()
    return user.email_verified and email in {allowed.casefold() for allowed in admin_emails}


async def update_user(session: AsyncSession, user_id: UUID, changes: UserChanges) -> User:
    """Change the account; what stays the same leaves `updated_at` alone.

    Raises:
        ValidationFailedError: a text is too long or holds a forbidden character.
        ServiceUnavailableError: as `get_user`.
    """
    texts = TextReader()
    display_name = texts.read("displayName", changes.display_name, MAX_DISPLAY_NAME_CHARS)
    fcm_token = texts.read("fcmToken", changes.fcm_token, MAX_FCM_TOKEN_CHARS)
    texts.check()
    if fcm_token:
        await queries.take_fcm_token(session, user_id, fcm_token)
    user = await queries.find_user(session, user_id, lock=True)
    if user is None:
        raise ServiceUnavailableError
    if display_name is not None:
        # A cleared name is blank and not null: else the next token would bring it back.
        user.display_name = display_name
    if fcm_token is not None:
        user.fcm_token = fcm_token or None
    if changes.plans_intro_shown and user.plans_intro_shown_at is None:
        user.plans_intro_shown_at = datetime.now(UTC)
    if session.is_modified(user):
        user.updated_at = datetime.now(UTC)
    return user


async def delete_account(resources: Resources, user_id: UUID) -> None:
    """Delete every call, in flight too, then the account with all that it owns, then the user at the provider.

    Raises:
        StorageUnavailableError: objects of a call could not be removed; the account and what is left stay.
    """
    while True:
        await calls.delete_all_calls(resources, user_id)
        async with resources.database.transaction() as session:
            # The lock keeps uploads out: a call's foreign key needs this row, so none can appear behind the check.
            user = await queries.find_user(session, user_id, lock=True)
            if await calls.has_calls(session, user_id):
                continue
            # It would go with the user anyway, but uncounted.
            had_profile = await voices.delete_profile(session, user_id)
            await queries.delete_user(session, user_id)
        resources.recent_accounts.forget(user_id)
        if had_profile:
            resources.metrics.voice_profile_deleted.inc()
        await _delete_leftovers(resources, user_id)
        if user is not None and resources.firebase is not None:
            await resources.firebase.delete_user(user.external_user_id)
        return


async def _delete_leftovers(resources: Resources, user_id: UUID) -> None:
    """Remove objects that never became a call, or outlived one."""
    try:
        await resources.storage.delete_prefix(user_prefix(user_id))
    except StorageUnavailableError:
        # The rows are gone and the answer stands; a prefix without a row is the orphan sweeper's.
        log.warning("account_leftovers_not_deleted", userId=str(user_id))

"""What a user agrees to. Source: rest.md, section 3.9."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ServiceUnavailableError
from app.text import MAX_CONSENT_VERSION_CHARS, TextReader
from app.users import queries
from app.users.models import User


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user agrees to now; None leaves a value alone. Versions are never blank."""

    privacy_policy_version: str | None = None
    terms_version: str | None = None
    call_recording_disclaimer_version: str | None = None
    marketing_opt_in: bool | None = None


async def update_consent(session: AsyncSession, user_id: UUID, consent: Consent) -> User:
    """Write down what was agreed to, and when; what stays the same keeps its time, and leaves `updated_at` alone.

    Raises:
        ValidationFailedError: a version is blank, too long, or holds a forbidden character.
        ServiceUnavailableError: the account was deleted while this request ran.
    """
    checked = _check(consent)
    user = await queries.find_user(session, user_id, lock=True)
    if user is None:
        raise ServiceUnavailableError
    now = datetime.now(UTC)
    if checked.privacy_policy_version not in (None, user.privacy_policy_version):
        user.privacy_policy_version, user.privacy_policy_accepted_at = checked.privacy_policy_version, now
    if checked.terms_version not in (None, user.terms_version):
        user.terms_version, user.terms_accepted_at = checked.terms_version, now
    if checked.call_recording_disclaimer_version not in (None, user.call_recording_disclaimer_version):
        user.call_recording_disclaimer_version = checked.call_recording_disclaimer_version
        user.call_recording_disclaimer_accepted_at = now
    if checked.marketing_opt_in is not None and checked.marketing_opt_in != user.marketing_opt_in:
        user.marketing_opt_in, user.marketing_opt_in_at = checked.marketing_opt_in, now
    if session.is_modified(user):
        user.updated_at = now
    return user


def _check(consent: Consent) -> Consent:
    texts = TextReader()

    def read(field: str, version: str | None) -> str | None:
        return texts.read(field, version, MAX_CONSENT_VERSION_CHARS, min_chars=1)

    checked = Consent(
        read("privacyPolicyVersion", consent.privacy_policy_version),
        read("termsVersion", consent.terms_version),
        read("callRecordingDisclaimerVersion", consent.call_recording_disclaimer_version),
        consent.marketing_opt_in,
    )
    texts.check()
    return checked

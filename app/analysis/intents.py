"""What can be launched for an action item, as far as it was said in the call. Source: analysis.md, section 4."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.analysis.grounding import SpokenEvidence
from app.analysis.values import read_object, read_text, read_word

NO_INTENT = "none"
LONGEST_MEETING_MINUTES = 1440

INTENTS = ("meeting", "email", "call", "message", "reminder", "task", NO_INTENT)
CHANNELS = ("whatsapp", "sms", "telegram")
PROVIDER_HINTS = ("meet", "zoom", "teams", "phone", *CHANNELS)
_TEXT_MEMBERS = ("title", "location", "subject", "toName", "contactName", "notes", "bodyPreview", "handle")

Metadata = dict[str, Any]


def read_intent(item: dict[str, Any], evidence: SpokenEvidence) -> tuple[str, Metadata | None]:
    """The intent of an item and its metadata, checked member by member.

    An intent that is missing or unknown is `none`, and `none` has no metadata. Members that are not in the schema, not
    of their type or not grounded in the call are left out; nothing left is None.
    """
    intent = read_word(item.get("intent"), INTENTS) or NO_INTENT
    if intent == NO_INTENT:
        return intent, None
    given = read_object(item.get("intentMetadata"))
    read = ((member, reader(given.get(member), evidence)) for member, reader in _READERS.items())
    return intent, {member: value for member, value in read if value is not None} or None


def _read_attendees(value: Any, evidence: SpokenEvidence) -> list[Metadata] | None:
    """People with a name; an address that was not said is dropped, the name stays."""
    attendees = []
    for entry in value if isinstance(value, list) else ():
        name, email = read_text(read_object(entry).get("name")), _read_email(read_object(entry).get("email"), evidence)
        if name is not None:
            attendees.append({"name": name} if email is None else {"name": name, "email": email})
    return attendees or None


def _read_email(value: Any, evidence: SpokenEvidence) -> str | None:
    address = read_text(value)
    return address if address is not None and evidence.has_email(address) else None


def _read_phone_number(value: Any, evidence: SpokenEvidence) -> str | None:
    number = read_text(value)
    return number if number is not None and evidence.has_phone_number(number) else None


def _read_moment(value: Any, _evidence: SpokenEvidence) -> str | None:
    """An ISO-8601 date-time as it was written; a mere date is none."""
    text = read_text(value) or ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text if ":" in text or "T" in text else None


def _read_minutes(value: Any, _evidence: SpokenEvidence) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 1 <= value <= LONGEST_MEETING_MINUTES else None


_READERS: dict[str, Callable[[Any, SpokenEvidence], Any]] = {
    "providerHint": lambda value, _: read_word(value, PROVIDER_HINTS),
    "attendees": _read_attendees,
    "proposedAt": _read_moment,
    "remindAt": _read_moment,
    "durationMinutes": _read_minutes,
    "toEmail": _read_email,
    "phoneNumber": _read_phone_number,
    "channel": lambda value, _: read_word(value, CHANNELS),
    **dict.fromkeys(_TEXT_MEMBERS, lambda value, _: read_text(value)),
}

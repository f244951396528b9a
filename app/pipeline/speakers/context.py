"""What is known about a call before anybody listens to it. Source: transcript.md, sections 5.1 and 5.10."""

import re
from dataclasses import dataclass

MIN_PHONE_DIGITS = 4
"""A shorter number has no last four digits (rule 9)."""

# Digits that belong together may be grouped: "+49 30 5550-4471".
_LONG_NUMBER = re.compile(r"\+?\d(?:[\s()./-]*\d){4,}")


@dataclass(frozen=True, slots=True)
class SpeakerContext:
    """Metadata of a call; anything may be missing. `direction` is `INCOMING`, `OUTGOING` or `UNKNOWN`."""

    user_display_name: str | None = None
    contact_name: str | None = None
    phone_number: str | None = None
    direction: str = "UNKNOWN"

    @property
    def user_name(self) -> str | None:
        """The user's display name with single spaces; None when there is none."""
        return " ".join((self.user_display_name or "").split()) or None

    @property
    def usable_contact_name(self) -> str | None:
        """The contact's name without long numbers; None when no letter is in it."""
        name = _LONG_NUMBER.sub(" ", self.contact_name or "")
        return " ".join(name.split()).strip(" -,;/") if any(char.isalpha() for char in name) else None

    @property
    def phone_label(self) -> str | None:
        """`Contact ending` and the last four digits of the number (rule 9); None when it has fewer."""
        digits = [char for char in self.phone_number or "" if char.isdecimal()]
        return f"Contact ending {''.join(digits[-4:])}" if len(digits) >= MIN_PHONE_DIGITS else None

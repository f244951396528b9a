"""Tell what an action item can be launched as.

Papers ("the revised price", "the contract") are taken to go by e-mail unless another channel is named (our choice).
Source: analysis.md, section 4.
"""

import re
from enum import StrEnum

from app.providers.local_analysis.statements import Statement
from app.providers.local_analysis.task_lexicon import DOCUMENTS, MEETING_NOUNS


class Intent(StrEnum):
    """The closed list of analysis.md, section 4; `none` is what readers put where there is nothing to launch."""

    MEETING = "meeting"
    EMAIL = "email"
    CALL = "call"
    MESSAGE = "message"
    REMINDER = "reminder"
    TASK = "task"


_CALL_VERBS = frozenset({"call", "call back", "phone", "ring"})
_MESSAGE_VERBS = frozenset({"text", "message"})
_MESSAGE_NOUNS = frozenset({"text", "message", "sms", "whatsapp", "telegram"})
_SENDING_VERBS = frozenset({"send", "send over", "send out", "resend", "forward", "share", "submit"})
_MEETING_VERBS = frozenset(
    {"schedule", "reschedule", "book", "rebook", "arrange", "organise", "organize", "set up", "move"}
)
_INVITATIONS = frozenset({"invite", "invitation"})
_OTHER_CHANNELS = frozenset({"post", "courier", "fax"}) | _MESSAGE_NOUNS
_REMINDER = re.compile(r"(?<![^ ])(?:(?:remember|do not forget|be sure) to|remind)(?![^ ])")


def find_intent(statement: Statement) -> Intent:
    """Answer the intent; `TASK` for what has no better one."""
    words = {word.lower.replace("e-mail", "email") for word in statement.tail}
    verb = statement.verb
    if verb in _CALL_VERBS or (verb == "make" and "call" in words):
        return Intent.CALL
    if verb in _MESSAGE_VERBS or (verb in _SENDING_VERBS and words & _MESSAGE_NOUNS):
        return Intent.MESSAGE
    if (verb in _MEETING_VERBS and words & MEETING_NOUNS) or (verb in _SENDING_VERBS and words & _INVITATIONS):
        return Intent.MEETING
    if verb in ("email", "mail") or (verb in _SENDING_VERBS and _goes_by_email(words)):
        return Intent.EMAIL
    return Intent.REMINDER if _REMINDER.search(statement.clause.text) else Intent.TASK


def _goes_by_email(words: set[str]) -> bool:
    return "email" in words or (bool(words & DOCUMENTS) and not words & _OTHER_CHANNELS)

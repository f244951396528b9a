"""Collect what was said about a task for its launch: to whom, when, where, for how long.

Only the task's own words are looked at; an e-mail address, number, place or channel that was not said is left out.
Source: analysis.md, section 4.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from app.providers.local_analysis.contact_data import find_email, find_phone_number
from app.providers.local_analysis.intents import Intent
from app.providers.local_analysis.lexicon import DETERMINERS, PREPOSITIONS, is_content_word
from app.providers.local_analysis.number_words import read_number
from app.providers.local_analysis.sentences import Word
from app.providers.local_analysis.statements import Statement
from app.providers.local_analysis.titles import capitalize
from app.providers.local_analysis.verbs import PARTIES

_CHANNELS = ("whatsapp", "sms", "telegram")
_MEETING_PROVIDERS = {
    "zoom": "zoom",
    "on teams": "teams",
    "microsoft teams": "teams",
    "teams meeting": "teams",
    "teams call": "teams",
    "google meet": "meet",
    "by phone": "phone",
    "phone call": "phone",
}
_DURATION = re.compile(
    r"(?<![^ ])(?P<number>\d{1,3}|[a-z]+(?:[ -][a-z]+)?)[ -](?P<unit>minute|hour)s?(?![^ ])|(?P<half>half(?: an)? hour)"
)
_GIVES_NUMBER = re.compile(r"(?<![^ ])(?:number|phone|mobile|cell|reach me|reach us)(?![^ ])")
_OTHER_NUMBER = re.compile(r"(?<![^ ])(?:account|order|reference|customer|invoice|ticket|case|policy)(?![^ ])")
_PLACES = "office|house|home|shop|store|branch|clinic|hotel|restaurant|cafe|airport|station"
_LOCATION = re.compile(rf"(?<![^ ])(?:at|in) (?:the|my|your|our) (?P<place>(?:[^ ]+ )?(?:{_PLACES}))(?![^ ])")
_OBJECT_ENDS = PREPOSITIONS | {"and", "or", "that", "when", "if", "whether"}
_NO_OBJECT = PARTIES | {"my", "your", "our", "back"}


def describe_intent(
    statement: Statement, intent: Intent, *, title: str, nearby: str, partner_name: str | None, when: str | None
) -> dict[str, Any]:
    """Answer `intentMetadata`: only fields of this intent, only known ones.

    `nearby` is what the speaker says in the same breath, where an address or a number may stand. `partner_name` is who
    "you" in a promise and "me" in a request is; `when` an ISO-8601 date-time; None if not known.
    """
    text = " ".join(word.lower for word in statement.tail)
    number = _find_number(statement, nearby)
    partner = partner_name if _is_for_partner(statement) else None
    match intent:
        case Intent.MEETING:
            found = {"title": name_event(statement, title), "proposedAt": when, **_describe_meeting(statement.tail)}
        case Intent.EMAIL:
            thing = name_object(statement)
            is_to_thing = statement.verb in ("email", "mail") and not _is_for_partner(statement)
            name, subject = (thing, None) if is_to_thing else (partner, thing)
            found = {"toEmail": find_email(nearby), "toName": name, "subject": subject}
        case Intent.CALL:
            found = {"contactName": name_object(statement) or partner, "phoneNumber": number}
        case Intent.MESSAGE:
            found = {"channel": _find_channel(text), "phoneNumber": number}
        case Intent.REMINDER:
            found = {"title": title, "remindAt": when}
        case Intent.TASK:
            found = {"title": title}
    return {key: value for key, value in found.items() if value is not None}


def name_event(statement: Statement, title: str) -> str:
    """Answer the event behind a title: "Schedule a meeting with the manager" gives "Meeting with the manager"."""
    thing = title.removeprefix(f"{capitalize(statement.verb)} ")
    for article in ("a ", "an ", "the "):
        thing = thing.removeprefix(article)
    return capitalize(thing)


def _describe_meeting(tail: Sequence[Word]) -> dict[str, Any]:
    text = " ".join(word.lower for word in tail)
    words = f" {text} "
    location = _LOCATION.search(text)
    return {
        "attendees": _find_attendees(tail) or None,
        "providerHint": next((hint for said, hint in _MEETING_PROVIDERS.items() if f" {said} " in words), None),
        "durationMinutes": _find_duration(text),
        "location": location["place"] if location else None,
    }


def _find_attendees(tail: Sequence[Word]) -> list[dict[str, str]]:
    """Answer who is named behind "with"; "with my manager" names nobody."""
    pairs = pairwise(tail)
    return [{"name": name.shown} for before, name in pairs if before.lower == "with" and name.shown.istitle()]


def _find_number(statement: Statement, nearby: str) -> str | None:
    """Answer the number in the task's own words, else one that is given right after ("my number is ...")."""
    own = find_phone_number(statement.clause.text.split(" "))
    is_given = _GIVES_NUMBER.search(nearby) and not _OTHER_NUMBER.search(nearby)
    return own or (find_phone_number(nearby.split(" ")) if is_given else None)


def _find_channel(text: str) -> str | None:
    return next((channel for channel in _CHANNELS if channel in text.split(" ")), None)


def _find_duration(text: str) -> int | None:
    """Answer the minutes of "a thirty minute meeting" or "for an hour"; "in two hours" is no duration."""
    for match in _DURATION.finditer(text):
        if match["half"]:
            return 30
        words = match["number"].split(" ")
        if words[0] in ("in", "within") or text[: match.start()].endswith(("in ", "within ")):
            continue
        value = 1 if words[-1] in ("a", "an") else read_number(words) or read_number(words[-1:])
        if isinstance(value, int):
            return value * (60 if match["unit"] == "hour" else 1)
    return None


def _is_for_partner(statement: Statement) -> bool:
    """Whether the task is done to the other party ("call you back", "send it to me")."""
    return any(word.lower in PARTIES for word in (statement.target, *statement.tail) if word is not None)


def name_object(statement: Statement) -> str | None:
    """Answer the thing or person that the verb is about, as a heading: "the revised price" gives "Revised price"."""
    text = " ".join(word.lower for word in statement.tail)
    stop = text.count(" ", 0, statement.when.span.start) if statement.when else len(statement.tail)
    kept: list[str] = []
    for word in statement.tail[:stop]:
        if word.lower in _NO_OBJECT or (not kept and word.lower in DETERMINERS):
            continue
        if word.lower in _OBJECT_ENDS:
            break
        kept.append(word.shown)
    is_named = any(is_content_word(word.casefold()) for word in kept) and kept[-1].casefold() not in ("email", "e-mail")
    return capitalize(" ".join(kept)) if is_named else None

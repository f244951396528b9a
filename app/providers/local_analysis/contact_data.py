"""Spoken e-mail addresses and telephone numbers.

Source: analysis.md, section 4 (what is written must occur in the transcript, number words and "at", "dot" included).
"""

import re
from collections.abc import Sequence

MIN_PHONE_DIGITS = 7
"""Fewer digits are an extension, an account number or a date (analysis.md, section 4: last 7 or more)."""

_WRITTEN_EMAIL = re.compile(r"(?<![^ ])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?![^ ])")
_SPOKEN_EMAIL = re.compile(
    r"(?<![^ ])(?P<local>[a-z0-9]+(?: (?:dot|underscore|dash) [a-z0-9]+)*) at "
    r"(?P<domain>[a-z0-9]+(?: dash [a-z0-9]+)*(?: dot [a-z0-9]+)+)(?![^ ])"
)
_SPOKEN_SIGNS = {" dot ": ".", " underscore ": "_", " dash ": "-"}
_DIGITS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9",
}  # fmt: skip
_REPEATS = {"double": 2, "triple": 3}


def find_email(text: str) -> str | None:
    """Answer the first address in lower-case text, also one that is spelled out ("bob at example dot com")."""
    if match := _WRITTEN_EMAIL.search(text):
        return match[0]
    match = _SPOKEN_EMAIL.search(text)
    if match is None:
        return None
    local, domain = match["local"], match["domain"]
    for spoken, sign in _SPOKEN_SIGNS.items():
        local, domain = local.replace(spoken, sign), domain.replace(spoken, sign)
    return f"{local}@{domain}"


def find_phone_number(words: Sequence[str]) -> str | None:
    """Answer the digits of the first unbroken run of spoken or written digits that is long enough for a number."""
    run, repeat = "", 1
    for word in [*words, ""]:
        digits = _DIGITS.get(word) or (re.sub(r"[()+./-]", "", word) if re.fullmatch(r"[\d()+./-]+", word) else "")
        if digits:
            run += digits * repeat
            repeat = 1
        elif word in _REPEATS:
            repeat = _REPEATS[word]
        elif len(run) >= MIN_PHONE_DIGITS:
            return run
        else:
            run, repeat = "", 1
    return None

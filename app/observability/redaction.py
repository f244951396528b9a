"""Takes phone numbers and e-mail addresses out of texts that go to the log. Source: pipeline.md, section 11.2, L2."""

import re

_MIN_DIGITS, _MAX_DIGITS = 7, 15
"""What a phone number has, without and with everything (ITU-T E.164)."""

_PATTERN = re.compile(
    r"""(?P<other>\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b         # ids and times stay readable
          |\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?)
      |(?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)*)
      |(?P<phone>(?<![\w.+-])\+?\(?\d[\d ()/.-]{5,24}\d(?![\w-]))""",
    re.VERBOSE | re.IGNORECASE,
)


def mask(text: str) -> str:
    """Replace each phone number by `+49 17***71`, each e-mail address by `m***@***`."""
    return _PATTERN.sub(_replace, text)


def _replace(match: re.Match[str]) -> str:
    if match["email"]:
        return f"{match['email'][0]}***@***"
    if match["phone"]:
        return _mask_phone(match["phone"])
    return match[0]


def _mask_phone(text: str) -> str:
    digits = "".join(char for char in text if char.isdigit())
    if not _MIN_DIGITS <= len(digits) <= _MAX_DIGITS:
        return text
    start = f"+{digits[:2]} {digits[2:4]}" if text.startswith("+") else digits[:2]
    return f"{start}***{digits[-2:]}"

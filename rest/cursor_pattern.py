"""What a cursor looks like, as a pattern for the OpenAPI document: it matches all that this server can write.

A cursor is the base64url form of a text whose parts all begin at a multiple of three characters. Three characters
become four and have nothing to do with those around them, so that the pattern is made stretch by stretch.
Source: rest.md, section 1.8; app/cursor.py.
"""

import re
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from itertools import groupby, product

_DIGITS = "0123456789"
_ALPHABETS = {"9": _DIGITS, "x": _DIGITS + "abcdef"}
"""What a sign of a shape stands for; any other stands for itself."""

_COMMON_YEAR = date(2001, 1, 1)


@cache
def cursor_pattern() -> str:
    """The pattern, for rows of the years 2000 to 2099; anchored at both ends."""
    days = [str(_COMMON_YEAR + timedelta(day))[4:] for day in range(365)]
    leap_years = [f"0{year:02}" for year in range(0, 100, 4)]
    stretches = (
        *_shapes('{"createdAt":"2'),
        f"(?:{_encode(_fill('099'))}{_encode(days)}|{_encode(leap_years)}{_encode(['-02-29'])})",
        _encode(f"T{hour:02}" for hour in range(24)),
        _encode(f":{minute:02}" for minute in range(60)),
        _encode(f":{second:02}" for second in range(60)),
        *_shapes('.999999Z","id":"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"}'),
    )
    return f"^{''.join(_repeat(stretch, len([*run])) for stretch, run in groupby(stretches))}$"


def _shapes(text: str) -> Iterable[str]:
    return (_encode(_fill(text[start : start + 3])) for start in range(0, len(text), 3))


def _fill(shape: str) -> list[str]:
    """All texts of a shape."""
    return ["".join(signs) for signs in product(*(_ALPHABETS.get(sign, sign) for sign in shape))]


def _encode(texts: Iterable[str]) -> str:
    return _match({urlsafe_b64encode(text.encode()).decode() for text in texts})


def _match(words: Iterable[str]) -> str:
    """A pattern for these words, all of one length; heads with the same tails are put together."""
    words = sorted(words)
    half = len(words[0]) // 2
    if half == 0:
        return words[0] if len(words) == 1 else f"[{re.escape(''.join(words))}]"
    tails: dict[str, set[str]] = defaultdict(set)
    for word in words:
        tails[word[:half]].add(word[half:])
    heads: dict[frozenset[str], list[str]] = defaultdict(list)
    for head, rest in tails.items():
        heads[frozenset(rest)].append(head)
    options = [_match(same) + _match(rest) for rest, same in heads.items()]
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _repeat(pattern: str, times: int) -> str:
    return pattern if times == 1 else f"(?:{pattern}){{{times}}}"

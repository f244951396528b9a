"""Find amounts: numbers with a unit behind them ("thirty dollars", "15 percent", "two days").

A number without a unit is an account number, a digit of one, or a clock time: left out. So are ranges and spans of time
that say when ("in two weeks"), and small talk ("do you have two minutes").
Source: analysis.md, section 3.8.
"""

import re
from collections.abc import Sequence
from typing import Any

from app.providers.local_analysis.lexicon import NUMBER_WORDS, is_content_word
from app.providers.local_analysis.number_words import read_number
from app.providers.local_analysis.sentences import Clause

MIN_MINUTES = 15
"""Fewer minutes are a manner of speaking."""

_MAX_NUMBER_WORDS = 8
_UNITS = {
    "dollar": "dollars", "dollars": "dollars", "euro": "EUR", "euros": "EUR", "rupees": "rupees", "cents": "cents",
    "percent": "%", "days": "days", "day": "days", "weeks": "weeks", "week": "weeks", "months": "months",
    "month": "months", "years": "years", "year": "years", "hours": "hours", "hour": "hours", "minutes": "minutes",
    "kilos": "kg", "kilograms": "kg", "kilometers": "km", "kilometres": "km", "miles": "miles", "pounds": "pounds",
    "pieces": "pieces", "units": "units", "copies": "copies", "people": "people",
}  # fmt: skip
"""Units as they are said; a currency that several countries have ("dollars") is not narrowed down to one of them."""

_SYMBOLS = {"$": "dollars", "€": "EUR", "£": "GBP", "₹": "INR"}
_WITH_SYMBOL = re.compile(r"(?P<before>[$€£₹])?(?P<number>\d[\d,]*(?:\.\d+)?)(?P<after>[€%])?")
_RANGE_WORDS = frozenset({"and", "to", "or"})
_WHEN_WORDS = frozenset({"in", "within", "after", "every", "next", "last"})
_CALENDAR_UNITS = frozenset({"days", "weeks", "months", "years", "hours", "minutes"})


def find_amounts(clauses: Sequence[Clause]) -> list[dict[str, Any]]:
    """Answer the amounts in the order of the call; one that is repeated cites all its places."""
    found: dict[tuple[float, str], dict[str, Any]] = {}
    for clause in clauses:
        for value, unit, context in _read_clause(clause):
            entry = found.setdefault(
                (value, unit), {"value": value, "unit": unit, "context": context, "sourceSegmentIds": []}
            )
            entry["context"] = entry["context"] or context
            entry["sourceSegmentIds"] = list(dict.fromkeys([*entry["sourceSegmentIds"], *clause.segment_ids]))
    return list(found.values())


def _read_clause(clause: Clause) -> list[tuple[float, str, str | None]]:
    words = clause.text.split(" ")
    amounts: list[tuple[float, str, str | None]] = []
    place = 0
    while place < len(words):
        amount = _read_symbol(words[place]) or _read_unit(words, place)
        if amount is None:
            place += 1
            continue
        value, unit, length = amount
        if _is_amount(words, place, value, unit):
            amounts.append((value, unit, _find_context(words, place, place + length)))
        place += length
    return amounts


def _read_symbol(word: str) -> tuple[float, str, int] | None:
    match = _WITH_SYMBOL.fullmatch(word)
    if match is None or not (match["before"] or match["after"]):
        return None
    value = read_number([match["number"].rstrip(",")])
    unit = _SYMBOLS[match["before"]] if match["before"] else {"%": "%", "€": "EUR"}[match["after"]]
    return None if value is None else (value, unit, 1)


def _read_unit(words: Sequence[str], place: int) -> tuple[float, str, int] | None:
    """Read the longest number that begins here, and its unit."""
    for length in range(min(_MAX_NUMBER_WORDS, len(words) - place - 1), 0, -1):
        unit = _UNITS.get(words[place + length])
        value = read_number(words[place : place + length]) if unit else None
        if unit is not None and value is not None:
            return value, unit, length + 1
    return None


def _is_amount(words: Sequence[str], place: int, value: float, unit: str) -> bool:
    before = words[place - 1] if place else ""
    if before in NUMBER_WORDS or (before in _RANGE_WORDS and place > 1 and _is_number(words[place - 2])):
        return False
    if unit == "minutes" and value < MIN_MINUTES:
        return False
    return not (unit in _CALENDAR_UNITS and before in _WHEN_WORDS)


def _is_number(word: str) -> bool:
    return word in NUMBER_WORDS or word.isdigit()


def _find_context(words: Sequence[str], start: int, end: int) -> str | None:
    """Answer the nearest word that says what the amount is about, before it rather than behind it."""
    nearby = [*reversed(words[max(0, start - 5) : start]), *words[end : end + 4]]
    return next((word for word in nearby if is_content_word(word) and word not in _UNITS), None)

"""Reads JSON the way every door of Scryon does: UTF-8 only, no NaN, no member twice, a byte order mark is fine.

And writes it: fast, whatever stored documents hold.

Source: rest.md, section 1.10, E14.
"""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

import orjson

MAX_VALUES = 25_000
"""Roughly: a comma in a text counts, too, of which the longest, notes, may hold 20 000. Reading so many takes 10 ms."""


class InvalidJsonError(ValueError):
    """The bytes are not acceptable JSON. `problem` is what the sender is told."""

    problem = "must be JSON"


class LargeJsonError(InvalidJsonError):
    """There is too much in it: while it was read, everybody else would wait."""

    problem = f"must not hold more than {MAX_VALUES} values"


def parse_json(content: bytes) -> Any:
    """Read one JSON value. Numbers beyond a double become infinite; strings may hold lone surrogates.

    Raises:
        InvalidJsonError: malformed, not UTF-8, NaN or Infinity, a member name twice, nested too deeply.
        LargeJsonError: more than `MAX_VALUES`.
    """
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MAX_VALUES:
        raise LargeJsonError
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        # The messages of `json` quote the input.
        raise InvalidJsonError(type(error).__name__) from None


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidJsonError("a member name occurs twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJsonError(f"{name} is not JSON")


def write_json(value: Any) -> bytes:
    """Write a JSON value, UTF-8 without line breaks.

    Stored documents may hold what orjson does not write: integers beyond 64 bits, lone surrogates, and more than 254
    levels.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()

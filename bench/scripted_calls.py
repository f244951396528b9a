"""Scripted calls of two parties with known truth, made of the templates under `bench/scripts/`.

A file there is a list of templates; `casts.json` are the people who play them. A template has

- `id`; `why`: what a careful human concludes from words and context alone;
- `caller`: `user` or `contact`; the context knows the direction or not, unless `directions` lists what it knows.
  Calls that the user answers have a known direction where that is all: else rule 7 makes the answerer the contact;
- `turns`: `PARTY: text`, or `@SECONDS PARTY: text` for a turn that begins no earlier. Names are `{user}`,
  `{contact.first}`, `{third.last}`, `{org}`. `[Words in brackets]` decide the truth: noise never takes them away;
- `context`: what is known of `user`, `contact` and `phone`; without it both full names;
- `names`: a cast of its own, where the names matter;
- `truth`: role and name by party. None: nothing may be given. `X?`: X may be given. `X`: X has to be given.
  `X|Y`: one of them. Organisations in parentheses may be missing;
- `needs_capitals`, `needs_punctuation`: truths that vanish with the formatting.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.pipeline.speakers.context import SpeakerContext

_FOLDER = Path(__file__).parent / "scripts"
_CASTS = "casts.json"
_TURN = re.compile(r"(?:@(?P<start>\d+) )?(?P<party>user|contact): (?P<text>.+)")
_DIRECTIONS = {"user": ("OUTGOING", "UNKNOWN"), "contact": ("INCOMING", "UNKNOWN")}


@dataclass(frozen=True, slots=True)
class ScriptedWord:
    """A word with its punctuation; `is_decisive` words carry the truth."""

    text: str
    is_decisive: bool = False


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """What one party says in one go, not before `earliest_seconds`."""

    party: str
    words: tuple[ScriptedWord, ...]
    earliest_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Fact:
    """What may be given to a party: one of `allowed`; `is_evident` when a reader cannot miss it."""

    allowed: tuple[str, ...]
    is_evident: bool


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """One template played by one cast. `truth` is `(role, name)` by party."""

    template: str
    turns: tuple[ScriptedTurn, ...]
    context: SpeakerContext
    truth: Mapping[str, tuple[Fact, Fact]]
    needs_capitals: bool
    needs_punctuation: bool


class _Person(str):
    """A full name; templates say `{user}` or `{user.first}`."""

    __slots__ = ()

    @property
    def first(self) -> str:
        return self.split()[0]

    @property
    def last(self) -> str:
        return self.split()[-1]


def read_templates() -> list[dict[str, Any]]:
    """All templates, by file and place."""
    files = (path for path in sorted(_FOLDER.glob("*.json")) if path.name != _CASTS)
    return [template for path in files for template in orjson.loads(path.read_bytes())]


def iter_calls() -> Iterator[ScriptedCall]:
    """Every template with each of its casts and directions, always in the same order."""
    casts = orjson.loads((_FOLDER / _CASTS).read_bytes())
    for template in read_templates():
        for cast in [template["names"]] if "names" in template else casts:
            for direction in template.get("directions", _DIRECTIONS[template["caller"]]):
                yield _play(template, cast, direction)


def _play(template: Mapping[str, Any], cast: Mapping[str, str], direction: str) -> ScriptedCall:
    names = {part: _Person(name) for part, name in cast.items()}
    known = {key: _fill(value, names) for key, value in template.get("context", _FULL_NAMES).items()}
    return ScriptedCall(
        template=template["id"],
        turns=tuple(_read_turn(turn.format(**names)) for turn in template["turns"]),
        context=SpeakerContext(known.get("user"), known.get("contact"), known.get("phone"), direction),
        truth={
            party: (_read_fact(_fill(role, names)), _read_fact(_fill(name, names)))
            for party, (role, name) in template["truth"].items()
        },
        needs_capitals=template.get("needs_capitals", False),
        needs_punctuation=template.get("needs_punctuation", False),
    )


_FULL_NAMES = {"user": "{user}", "contact": "{contact}"}


def _fill(value: str | None, names: Mapping[str, str]) -> str | None:
    return None if value is None else value.format(**names)


def _read_fact(value: str | None) -> Fact:
    if value is None:
        return Fact((), is_evident=False)
    return Fact(tuple(part.removesuffix("?") for part in value.split("|")), is_evident=not value.endswith("?"))


def _read_turn(turn: str) -> ScriptedTurn:
    found = _TURN.fullmatch(turn)
    if found is None:
        raise ValueError(f"not a turn: {turn}")
    words, is_decisive = [], False
    for text in found["text"].split():
        is_decisive = is_decisive or text.startswith("[")
        words.append(ScriptedWord(text.replace("[", "").replace("]", ""), is_decisive))
        is_decisive = is_decisive and "]" not in text
    return ScriptedTurn(found["party"], tuple(words), float(found["start"] or 0))

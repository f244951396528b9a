"""The short way for plain leaves gives what graphql-core gives: the same data, the same errors, the same order."""

import asyncio
import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from itertools import count
from random import Random
from typing import Any, NewType
from uuid import UUID

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.scalars import JSON
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from scryon_graphql.executor import KnownDocument, PlainFieldsExecutor

GIVEN_ID = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
NOON = datetime(2026, 2, 9, 12, tzinfo=UTC)


@strawberry.enum
class Colour(Enum):
    RED = "r"
    BLUE = "b"


@strawberry.enum
class Mood(StrEnum):
    CALM = "CALM"
    TENSE = "TENSE"


async def _later() -> str:
    return "later"


class _Odd:
    """A value that no scalar knows."""

    def __repr__(self) -> str:
        return "odd"


Hollow = strawberry.scalar(NewType("Hollow", str), serialize=lambda value: value or None)
"""A scalar that makes null of an empty text, which no scalar may."""

TYPES: dict[str, Any] = {
    "hollow": Hollow,
    "text": str,
    "number": int,
    "share": float,
    "flag": bool,
    "id": strawberry.ID,
    "uuid": UUID,
    "moment": datetime,
    "day": date,
    "colour": Colour,
    "mood": Mood,
    "anything": JSON,
}
GOOD: dict[str, Any] = {
    "hollow": "",
    "text": "said",
    "number": 7,
    "share": 0.5,
    "flag": True,
    "id": "x1",
    "uuid": GIVEN_ID,
    "moment": NOON,
    "day": NOON.date(),
    "colour": Colour.BLUE,
    "mood": Mood.TENSE,
    "anything": {"a": [1, None]},
}
ODD: list[Callable[[], Any]] = [
    lambda: None,
    lambda: [None],
    lambda: [""],
    lambda: "",
    lambda: "RED",
    lambda: "r",
    lambda: "TENSE",
    lambda: "ANGRY",
    lambda: 2**31,
    lambda: -1.5,
    lambda: float("nan"),
    lambda: False,
    lambda: ValueError("told"),
    lambda: ValueError,
    lambda: [],
    lambda: ["a", 1, None],
    lambda: {"a": 1},
    lambda: _Odd(),
    lambda: Colour.RED,
    lambda: Mood.CALM,
    lambda: GIVEN_ID,
    lambda: NOON,
    _later,
]


@dataclass(frozen=True)
class Field:
    """How one field of a generated type is declared."""

    kind: str
    is_nullable: bool
    is_list: bool
    resolver: str | None

    def attribute(self, name: str) -> str:
        """Where the value of a field of this name is."""
        return f"{name}_resolved" if self.resolver else name

    @property
    def type(self) -> Any:
        type_ = list[TYPES[self.kind]] if self.is_list else TYPES[self.kind]
        return type_ | None if self.is_nullable else type_


def _choose_field(chance: Random) -> Field:
    resolver = chance.choice([None, None, None, "sync", "async"])
    return Field(chance.choice(sorted(TYPES)), chance.random() < 0.5, chance.random() < 0.3, resolver)


def _declare(name: str, fields: dict[str, Field], child: Any = None) -> Any:
    """A Strawberry type whose resolvers read the same attributes as its plain fields do."""
    members: dict[str, Any] = {"__annotations__": {}}
    for field_name, field in fields.items():
        if field.resolver is None:
            members["__annotations__"][field_name] = field.type
        else:
            members[field_name] = strawberry.field(resolver=_make_resolver(field_name, field))
    if child is not None:
        lists = {"children": list[child], "others": list[child] | None}
        members["__annotations__"] |= {"child": child | None, "strict": child, **lists}
    return strawberry.type(type(name, (), members))


def _make_resolver(name: str, field: Field) -> Any:
    def resolve(root: Any) -> Any:
        return getattr(root, field.attribute(name))

    async def resolve_later(root: Any) -> Any:
        await asyncio.sleep(0)
        return getattr(root, field.attribute(name))

    chosen = resolve if field.resolver == "sync" else resolve_later
    chosen.__annotations__ = {"root": strawberry.Parent[Any], "return": field.type}
    return chosen


class Thing:
    """An object with attributes made anew at each reading, as a coroutine can be awaited only once."""

    def __init__(self, makers: dict[str, Callable[[], Any]]) -> None:
        self._makers = makers

    def __getattr__(self, name: str) -> Any:
        if name not in self._makers:
            raise AttributeError(name)
        return self._makers[name]()


def _make_world(chance: Random) -> tuple[Any, Thing, str]:
    """A schema of three levels, its root object and an operation on it."""
    levels = [{name: _choose_field(chance) for name in chance.sample("abcdef", chance.randint(1, 5))} for _ in range(3)]
    innermost = _declare("Innermost", levels[2])
    inner = _declare("Inner", levels[1], innermost)
    outer = _declare("Outer", levels[0], inner)
    odd_share = chance.choice([0.0, 0.0, 0.02, 0.2])

    def make(own: dict[str, Field]) -> dict[str, Callable[[], Any]]:
        makers = {field.attribute(name): _choose_value(chance, field, odd_share) for name, field in own.items()}
        for name in own:
            # What is beside a resolver is nobody's business.
            makers.setdefault(name, lambda: None)
        if chance.random() < odd_share:
            # An attribute that is not there.
            del makers[chance.choice(sorted(makers))]
        return makers

    def make_thing(level: int) -> Thing:
        return Thing(make(levels[level]) | (nest(level + 1) if level < 2 else {}))

    def nest(level: int) -> dict[str, Callable[[], Any]]:
        """The members of an object that hold objects."""
        children = [make_thing(level) for _ in range(chance.randint(0, 3))]
        strict, child = make_thing(level), chance.choice([None, make_thing(level)])
        others = chance.choice([None, [make_thing(level)], tuple(children)])
        odd = chance.choice(ODD)
        return {
            "child": lambda: child,
            "strict": odd if chance.random() < odd_share else lambda: strict,
            "children": (lambda: [*children, odd()]) if chance.random() < odd_share else lambda: children,
            "others": lambda: others,
        }

    operation = _write_operation(chance, [sorted(own) for own in levels])
    return strawberry.Schema(query=outer), make_thing(0), operation


def _choose_value(chance: Random, field: Field, odd_share: float) -> Callable[[], Any]:
    if chance.random() < odd_share:
        return chance.choice(ODD)
    good = GOOD[field.kind]
    return lambda: [good] * 2 if field.is_list else good


def _write_operation(chance: Random, levels: list[list[str]]) -> str:
    aliases = count()

    def leaves(names: list[str]) -> str:
        chosen = chance.choices([*names, chance.choice(["__typename", names[0]])], k=chance.randint(1, 5))
        return " ".join(
            f"{chance.choice(['', f'x{next(aliases)}: '])}{name}"
            f"{chance.choice(['', '', ' @include(if: true)', ' @skip(if: true)'])}"
            for name in chosen
        )

    def nested(level: int, fragment: str) -> str:
        objects = chance.choices(["child", "children", "strict", "others"], k=chance.randint(0, 2))
        below = [nested(level + 1, "") if level == 1 else "" for _ in objects]
        return " ".join(
            f"{name} {{ {leaves(levels[level])} {deeper} {fragment} }}"
            for name, deeper in zip(objects, below, strict=True)
        )

    text = f"{{ {leaves(levels[0])} {nested(1, '...F')} {leaves(levels[0])} }}"
    return f"{text} fragment F on Inner {{ {leaves(levels[1])} }}" if "...F" in text else text


def _run(executor: type[Any], schema: Any, root: Any, document: Any, **options: Any) -> ExecutionResult:
    async def run() -> ExecutionResult:
        result = execute(schema._schema, document, root_value=root, executor_class=executor, **options)
        return result if isinstance(result, ExecutionResult) else await result

    return asyncio.run(run())


def _show(result: ExecutionResult) -> tuple[str, list[tuple[str, Any, Any]]]:
    errors = [(error.message, error.path, error.locations) for error in result.errors or ()]
    return json.dumps(result.data, default=repr), errors


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_same_data_errors_and_order_as_the_ordinary_executor(seed: int) -> None:
    schema, root, text = _make_world(Random(seed))
    document = parse(text)
    assert not validate(schema._schema, document)

    ordinary = _show(_run(StrawberryGraphQLCoreExecutionContext, schema, root, document))
    known = KnownDocument(document)

    assert _show(_run(PlainFieldsExecutor, schema, root, document)) == ordinary
    assert [_show(_run(PlainFieldsExecutor, schema, root, document, known=known)) for _ in range(2)] == [ordinary] * 2


class _Failure(Exception):
    """An error that could be taken for an object."""

    a = "said"


class _Promise:
    """An awaitable that could be taken for the object that it brings."""

    a = "too early"

    def __await__(self) -> Generator[Any, None, Thing]:
        yield
        return Thing({"a": lambda: "said"})


def _always(value: Any) -> Callable[[], Any]:
    return lambda: value


def _assert_same(schema: Any, document: Any, children: list[Any], make: Callable[[list[Any]], Any] = list) -> None:
    """Whether both executors answer the same about a root with these children, in what `make` makes of them."""
    root = Thing({"children": lambda: make(children)})

    ordinary = _show(_run(StrawberryGraphQLCoreExecutionContext, schema, root, document))

    assert _show(_run(PlainFieldsExecutor, schema, root, document)) == ordinary


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", TYPES)
def test_odd_values_in_a_column_are_judged_as_by_the_ordinary_executor(kind: str) -> None:
    fields = [Field(kind, is_nullable, is_list, None) for is_nullable in (True, False) for is_list in (True, False)]
    names = dict(zip("abcd", fields, strict=True))
    schema = strawberry.Schema(query=_declare("Outer", {}, _declare("Inner", names)))

    for name, field in names.items():
        document = parse(f"{{ children {{ {name} }} }}")
        good = Thing({name: _always([GOOD[kind]] if field.is_list else GOOD[kind])})
        for odd in ODD:
            _assert_same(schema, document, [good, Thing({name: odd})])
            _assert_same(schema, document, [Thing({name: odd})])


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["child", "strict", "children", "others"])
def test_odd_objects_in_a_column_are_judged_as_by_the_ordinary_executor(name: str) -> None:
    innermost = _declare("Innermost", {"a": Field("text", True, False, None)})
    schema = strawberry.Schema(query=_declare("Outer", {}, _declare("Inner", {}, innermost)))
    document = parse(f"{{ children {{ {name} {{ a }} }} }}")
    thing = Thing({"a": _always("said")})
    good = Thing({name: _always(thing if name in ("child", "strict") else [thing, thing])})
    unusual = [lambda: (thing,), lambda: [thing, None], lambda: iter([thing]), _always(thing), _Failure, _Promise]

    for odd in [*ODD, *unusual]:
        for other in (Thing({name: odd}), Thing({name: lambda odd=odd: [thing, odd()]})):  # type: ignore[misc]
            _assert_same(schema, document, [good, other])
            _assert_same(schema, document, [good, other], make=iter)


def test_selection_of_a_known_document_may_depend_on_its_variables() -> None:
    schema = strawberry.Schema(query=_declare("Query", {"a": Field("text", False, False, None)}))
    root, document = Thing({"a": lambda: "said"}), parse("query ($v: Boolean!) { a b: a @skip(if: $v) }")
    known = KnownDocument(document)

    answers = [
        _run(PlainFieldsExecutor, schema, root, document, known=known, variable_values={"v": value}).data
        for value in (True, False)
    ]

    assert answers == [{"a": "said"}, {"a": "said", "b": "said"}]

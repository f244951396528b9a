"""What a page takes of a user with a million calls, beside the same page of a user with a thousand.

The thousand are asked for twice: of a server that has nothing else, and of a neighbour in the same database as the
million. Pages are read from the start and from 18 places all over the list. What the pages of a status ask for is the
oldest, so that a walk through the newest would have to pass all the rest. The sides take turns, request by request.

    python -m bench.keyset [CALLS]        (default: 1000000)
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import orjson
from sqlalchemy import text

from app.cursor import Cursor, encode_cursor
from app.db import Database
from bench.load import Connection, Question, ask_once, connect
from bench.many_calls import add_calls
from bench.serving import Served, serve

ROUNDS = 5
ASKED = 60
"""How often each side is asked in a round."""

WARM_UP = 20
FEW = 1000
FILL_SECONDS = 300
MAX_RATIO, MAX_MORE_MS = 1.3, 1.0

_PLACES = text(
    """
    SELECT created_at, id FROM (
        SELECT created_at, id, row_number() OVER newest AS place, count(*) OVER () AS calls
        FROM call_records WHERE user_id = :owner WINDOW newest AS (ORDER BY created_at DESC, id DESC)
    ) AS numbered WHERE place % (calls / 20) = 0 AND place <= calls * 9 / 10 ORDER BY place
    """
)
_OF_CONTACT = """query ($contact: ID!) { calls(first: 50, contactId: $contact) { endCursor nodes {
id title originalFileName contactName direction status durationSeconds recordedAt createdAt shortSummary tags
scryonContactId actionItemCount firstActionTitle errorReason } } }"""


@dataclass(frozen=True, slots=True)
class Side:
    """A user of a server, and what is asked in their name."""

    port: int
    questions: Mapping[str, Sequence[Question]]


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds: the median of the rounds' medians."""

    question: str
    alone: float
    beside: float
    many: float

    @property
    def limit(self) -> float:
        """What the page of the million may take."""
        return MAX_RATIO * min(self.alone, self.beside) + MAX_MORE_MS


async def _make_side(served: Served, calls: int, user: str) -> Side:
    """Make a user with that many calls."""
    port = int(served.base_url.rpartition(":")[2])
    # The first request makes the user.
    await ask_once(port, Question("GET", "/api/calls", user=user))
    database = Database(served.database_url, pool_size=1, statement_seconds=FILL_SECONDS)
    async with database.read() as session:
        owner = await session.scalar(text("SELECT id FROM users WHERE external_user_id = :user"), {"user": user})
    await add_calls(database, [owner], calls)
    async with database.autocommit() as connection:
        await connection.execute(text("VACUUM ANALYZE"))
    async with database.read() as session:
        places = [Cursor(row[0], row[1]) for row in await session.execute(_PLACES, {"owner": owner})]
        contact = await session.scalar(text("SELECT id FROM contacts WHERE user_id = :owner"), {"owner": owner})
    await database.close()
    side = Side(port, _ask(user, places, contact))
    for questions in side.questions.values():
        await _check(port, questions)
    return side


def _ask(user: str, places: Sequence[Cursor], contact: UUID) -> dict[str, list[Question]]:
    """Every question is about a full page."""
    of_contact = orjson.dumps({"query": _OF_CONTACT, "variables": {"contact": str(contact)}})
    paths = {
        "first page of 50 calls": ["/api/calls?limit=50"],
        "pages behind cursors": [f"/api/calls?limit=50&cursor={encode_cursor(place)}" for place in places],
        "calls of a status": ["/api/calls?limit=50&status=FAILED"],
        "100 action items": ["/api/actions?limit=100"],
        "action items of a status": ["/api/actions?limit=100&status=DONE"],
    }
    questions = {name: [Question("GET", path, user=user) for path in some] for name, some in paths.items()}
    return questions | {"calls of a contact": [Question("POST", "/graphql", of_contact, user=user)]}


async def _check(port: int, questions: Sequence[Question]) -> None:
    for question in questions:
        answer = orjson.loads(await ask_once(port, question))
        items = answer["items"] if "items" in answer else answer["data"]["calls"]["nodes"]
        assert len(items) == (100 if "actions" in question.path else 50), question.path


async def _ask_in_turn(asked: Sequence[tuple[Connection, Sequence[bytes]]], times: int) -> list[float]:
    """The median of the milliseconds of the answers, for each side."""
    took: list[list[float]] = [[] for _ in asked]
    for number in range(times):
        for (connection, requests), of_side in zip(asked, took, strict=True):
            started = time.perf_counter()
            status, _ = await connection.ask(requests[number % len(requests)])
            of_side.append((time.perf_counter() - started) * 1000)
            assert status == 200
    return [statistics.median(of_side) for of_side in took]


async def _measure(name: str, sides: Sequence[Side]) -> Row:
    """Print one row, and return it."""
    asked = [(await connect(side.port), [question.write() for question in side.questions[name]]) for side in sides]
    await _ask_in_turn(asked, WARM_UP)
    rounds = [await _ask_in_turn(asked, ASKED) for _ in range(ROUNDS)]
    for connection, _ in asked:
        connection.close()
    row = Row(name, *(round(statistics.median(of_side), 3) for of_side in zip(*rounds, strict=True)))
    print(f"{name:<28}{row.alone:>9.2f}{row.beside:>9.2f}{row.many:>9.2f}{row.limit:>9.2f}", flush=True)
    return row


async def _run(small: Served, large: Served, calls: int) -> list[Row]:
    started = time.perf_counter()
    many = await _make_side(large, calls, "many")
    sides = [await _make_side(small, FEW, "few"), await _make_side(large, FEW, "few"), many]
    print(f"{calls} calls were made in {time.perf_counter() - started:.0f} s.")
    print(f"{'milliseconds, p50':<28}{'alone':>9}{'beside':>9}{calls:>9}{'at most':>9}")
    return [await _measure(name, sides) for name in many.questions]


def main() -> None:
    """Print a table and a JSON line; exit with 1 when a page takes longer than its target."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with serve({}) as small, serve({}) as large:
        rows = asyncio.run(_run(small, large, calls))
    print(json.dumps({"bench": "keyset", "rows": [{**asdict(row), "limit": round(row.limit, 3)} for row in rows]}))
    missed = [row.question for row in rows if row.many > row.limit]
    if missed:
        raise SystemExit(f"Above the target: {', '.join(missed)}")


if __name__ == "__main__":
    main()

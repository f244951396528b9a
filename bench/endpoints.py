"""How many answers per second the endpoints of reading give, beside the same endpoints written directly.

Three servers of one process each share a database: Scryon, `baselines/idiomatic.py` and, for the page of calls,
`baselines/bare.py`. The rounds are interleaved; a ratio is the median of the ratios of its rounds.

    python -m bench.endpoints [ROUNDS]        (default: 3)
"""

import asyncio
import json
import statistics
import sys
from dataclasses import dataclass

import orjson
from sqlalchemy import text

from app.db import Database
from bench.load import Question, Side, ask_once, interleave
from bench.serving import Served, run_baseline, serve

SECONDS = 1.0
CALLS = 1000
PAGE = 50

_FILL = f"""
WITH owner AS (SELECT id FROM users WHERE external_user_id = 'local-dev'),
calls AS (
    INSERT INTO call_records (id, user_id, title, original_file_name, contact_name, phone_number, direction, status,
                              duration_seconds, short_summary, tags_json, recorded_at, created_at, completed_at)
    SELECT gen_random_uuid(), owner.id, 'Call about order ' || n, 'call-' || n || '.m4a', 'Tobias Lind',
           '+49 30 5550-4471', 'OUTGOING', 'COMPLETED', 60 + n, 'The delivery of the order was moved to Thursday.',
           '["delivery", "order"]', date_trunc('second', now()) - n * interval '1 minute',
           date_trunc('second', now()) - n * interval '1 minute', now()
    FROM owner, generate_series(1, {CALLS}) AS n
    RETURNING id, user_id, created_at
)
INSERT INTO action_items (id, call_record_id, user_id, title, description, due_date, priority, status, source,
                          owner_speaker_id, owner_speaker_label, owner_role, source_segment_ids_json, source_text,
                          intent, created_at)
SELECT gen_random_uuid(), calls.id, calls.user_id, 'Send the invoice ' || n, 'To the new address', '2026-03-01',
       'HIGH', 'OPEN', 'AI', 'spk_1', 'Speaker 1', 'USER', '["seg_0003", "seg_0004"]', 'I will send it.', 'email',
       calls.created_at
FROM calls, generate_series(1, 2) AS n
"""
_QUERY = """query ($first: Int!) { calls(first: $first) { endCursor nodes {
id title originalFileName contactName direction status durationSeconds recordedAt createdAt shortSummary tags
scryonContactId actionItemCount firstActionTitle errorReason } } }"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question for Scryon and for another server, and the least ratio of their rates."""

    name: str
    question: Question
    other: str
    other_question: Question
    target: float


def _compare(first_ids: list[str]) -> list[Comparison]:
    page = Question("GET", f"/api/calls?limit={PAGE}")
    statuses = Question("GET", f"/api/calls/status?ids={','.join(first_ids[:20])}")
    call = Question("GET", f"/api/calls/{first_ids[0]}")
    actions = Question("GET", "/api/actions?limit=100")
    graphql = Question("POST", "/graphql", orjson.dumps({"query": _QUERY, "variables": {"first": PAGE}}))
    return [
        Comparison("page of 50 calls", page, "idiomatic", page, 2.0),
        Comparison("page of 50 calls", page, "bare", page, 0.5),
        Comparison("status of 20 calls", statuses, "idiomatic", statuses, 1.5),
        Comparison("one call", call, "idiomatic", call, 1.5),
        Comparison("100 action items", actions, "idiomatic", actions, 1.5),
        Comparison("page by POST /graphql", graphql, "scryon", page, 0.7),
    ]


async def _fill(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    async with database.transaction() as session:
        await session.execute(text(_FILL))
    async with database.autocommit() as connection:
        await connection.execute(text("VACUUM ANALYZE"))
    await database.close()


async def _measure(ports: dict[str, int], comparison: Comparison, rounds: int) -> dict[str, object]:
    """Print one row, and return it."""
    sides = (
        Side(ports["scryon"], comparison.question),
        Side(ports[comparison.other], comparison.other_question),
    )
    ours, others = await interleave(sides, rounds=rounds, seconds=SECONDS)
    ratio = statistics.median(one / other for one, other in zip(ours, others, strict=True))
    row = {
        "question": comparison.name,
        "scryon": round(statistics.median(ours)),
        "baseline": comparison.other,
        "rate": round(statistics.median(others)),
        "ratio": round(ratio, 2),
        "target": comparison.target,
    }
    print(
        f"{row['question']:<24}{row['scryon']:>8}{row['baseline']:>12}{row['rate']:>8}{ratio:>8.2f}{row['target']:>8}"
    )
    return row


async def _run(served: Served, ports: dict[str, int], rounds: int) -> list[dict[str, object]]:
    page = Question("GET", f"/api/calls?limit={PAGE}")
    # The first request makes the user.
    await ask_once(ports["scryon"], page)
    await _fill(served.database_url)
    first, *others = [orjson.loads(await ask_once(port, page))["items"] for port in ports.values()]
    assert all(other == first for other in others), "The baselines answer something else."
    print(f"{'answers per second':<24}{'scryon':>8}{'baseline':>12}{'rate':>8}{'ratio':>8}{'target':>8}")
    return [await _measure(ports, comparison, rounds) for comparison in _compare([call["id"] for call in first])]


def main() -> None:
    """Print a table and a JSON line; exit with 1 when a ratio is below its target."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with (
        serve({}) as served,
        run_baseline("idiomatic", served.database_url) as idiomatic,
        run_baseline("bare", served.database_url) as bare,
    ):
        ports = {"scryon": int(served.base_url.rpartition(":")[2]), "idiomatic": idiomatic, "bare": bare}
        rows = asyncio.run(_run(served, ports, rounds))
    print(json.dumps({"bench": "endpoints", "rows": rows}))
    missed = [
        f"{row['question']} against {row['baseline']}"
        for row in rows
        if float(str(row["ratio"])) < float(str(row["target"]))
    ]
    if missed:
        raise SystemExit(f"Below the target: {', '.join(missed)}")


if __name__ == "__main__":
    main()

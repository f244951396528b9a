"""A page of calls by a bare ASGI function: asyncpg, orjson, nothing else. The floor in Python.

One statement finds the user and the page; there is no routing, no validation and no error handling to speak of.
Run it with uvicorn, with `DB_URL` set.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson

_PAGE = """
SELECT c.id, c.title, c.original_file_name, c.contact_name, c.direction, c.status, c.duration_seconds,
       coalesce(c.recorded_at, c.created_at), c.created_at, c.short_summary, c.tags_json, c.scryon_contact_id,
       items.count, items.first, c.error_reason
FROM call_records c
CROSS JOIN LATERAL (
    SELECT count(*) AS count, (array_agg(title ORDER BY created_at, id))[1] AS first
    FROM action_items WHERE call_record_id = c.id AND status <> 'DISMISSED'
) items
WHERE c.user_id = (SELECT id FROM users WHERE external_user_id = $1)
ORDER BY c.created_at DESC, c.id DESC
LIMIT $2
"""
_KEYS = (
    "id",
    "title",
    "originalFileName",
    "contactName",
    "direction",
    "status",
    "durationSeconds",
    "recordedAt",
    "createdAt",
    "shortSummary",
    "tags",
    "scryonContactId",
    "actionItemCount",
    "firstActionTitle",
    "errorReason",
)

_pools: list[Any] = []


def _write_call(row: Any) -> dict[str, Any]:
    call = {key: value for key, value in zip(_KEYS, row, strict=True) if value is not None}
    call["callId"] = call["id"]
    call["tags"] = orjson.Fragment(call["tags"])
    return call


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer every request with the newest 50 calls of the user."""
    if scope["type"] == "lifespan":
        await receive()
        _pools.append(await asyncpg.create_pool(os.environ["DB_URL"], min_size=8, max_size=10))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _pools[0].close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    rows = await _pools[0].fetch(_PAGE, "local-dev", 51)
    page = {"items": [_write_call(row) for row in rows[:50]], "nextCursor": "more"}
    body = orjson.dumps(page, default=str, option=orjson.OPT_UTC_Z)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

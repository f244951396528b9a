"""What holds for every request with an `Idempotency-Key`. Source: rest.md, section 1.7."""

from typing import Any

import httpx

REPLAYED = "idempotency-replayed"


async def send_with_key(
    rest: httpx.AsyncClient, method: str, path: str, body: Any = None, *, other_body: Any = None
) -> httpx.Response:
    """Send a request twice with one key, then another body with it; the second answer must be a replay of the first.

    Returns the first answer. Without `other_body`, for endpoints that take none, another query makes the difference.
    """
    headers = {"Idempotency-Key": "key-1"}

    first = await rest.request(method, path, json=body, headers=headers)
    again = await rest.request(method, path, json=body, headers=headers)
    other = {"json": other_body} if other_body is not None else {"params": {"other": "1"}}
    conflict = await rest.request(method, path, headers=headers, **other)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("location") == first.headers.get("location")
    assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "idempotency_key_conflict")
    return first

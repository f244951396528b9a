"""How long the API takes to accept a recording, and to list calls, beside the least that the same work can cost.

There is no worker, so that nothing else uses the processors. The floor of an upload is what it promises: the same
bytes stored and synced, and a committed row.
"""

import asyncio
import json
import os
from uuid import uuid4

import httpx
from sqlalchemy import text

from app.db import Database
from app.settings import load_settings
from app.storage.store import open_store
from bench.serving import Served, measure, print_head, report, serve

MIB = 1024**2
TARGET_ACCEPT_MS = 50.0
INSERT = text("INSERT INTO users (id, external_user_id) VALUES (:id, CAST(CAST(:id AS uuid) AS text))")


def wave(size: int) -> bytes:
    """A WAV header in front of noise: what the API looks at is the first bytes only."""
    return b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVEfmt " + os.urandom(size - 16)


async def run(served: Served) -> float:
    recording = wave(MIB)
    database = Database(served.database_url)
    store = open_store(load_settings(data_dir=served.folder / "floor"))

    async def floor() -> None:
        await store.put(f"users/u/calls/{uuid4()}/temp/audio.wav", recording)
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": uuid4()})

    async with httpx.AsyncClient(base_url=served.base_url, timeout=30, trust_env=False) as client:

        async def accept() -> None:
            answer = await client.post("/api/calls/analyze", files={"file": ("call.wav", recording, "audio/wav")})
            assert answer.status_code == 202, answer.text

        async def health() -> None:
            assert (await client.get("/api/health")).status_code == 200

        async def page() -> None:
            assert len((await client.get("/api/calls?limit=100")).json()["items"]) == 100

        print_head()
        report("floor: 1 MB synced, a row", await measure(floor))
        median = report("POST /api/calls/analyze, 1 MB", await measure(accept)).median
        report("GET /api/health", await measure(health))
        report("GET /api/calls?limit=100", await measure(page))
    await database.close()
    return median


def main() -> None:
    """Run everything; exit with 1 when an upload is not accepted within its target."""
    with serve({}) as served:
        median = asyncio.run(run(served))
    print(json.dumps({"bench": "api", "acceptMs": round(median, 2)}))
    if median > TARGET_ACCEPT_MS:
        raise SystemExit(f"An upload takes {median:.1f} ms to accept; the target is {TARGET_ACCEPT_MS:.0f} ms.")


if __name__ == "__main__":
    main()

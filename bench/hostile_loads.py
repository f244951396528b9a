"""What hostile clients do to a server, each as a process of its own: `python -m bench.hostile_loads NAME URL`.

It says `ready` when the load has built up, goes on until its standard input ends, and prints how often it got which
answer, as JSON. Never point it at a server that somebody else needs.
"""

import asyncio
import json
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

CLIENTS = 4
PAUSE_SECONDS = 0.1
"""Between an answer and the next request of a client: to fill the line of a server is no art."""

SLOW_CONNECTIONS = 5000
SLOW_BODIES = 500
PER_STEP, STEP_SECONDS = 50, 0.02
"""How connections are opened, so that it is not their number that is felt, but that they stay."""

FLOOD = 1000
BYTE_SECONDS = 8.0
"""How often a slow client sends a byte."""

MANY = 100_000
BOUNDARY = "hostile"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
JSON = {"content-type": "application/json"}
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'.encode()
UPLOAD_HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'.encode()

Answers = Counter[str]


class Load:
    """A load on its way: whom it hits, what it was answered, and whether it has built up."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.url = url
        self.address = (parts.hostname, parts.port)
        self.answers: Answers = Counter()
        self.is_ready = asyncio.Event()


Attack = Callable[[Load], Awaitable[None]]


def ask(path: str, content: bytes | Callable[[], AsyncIterator[bytes]], headers: dict[str, str]) -> Attack:
    """A few clients that send the same request again and again."""

    async def go_on(load: Load) -> None:
        async with httpx.AsyncClient(base_url=load.url, timeout=60, trust_env=False) as client:
            while True:
                body = content if isinstance(content, bytes) else content()
                method = "PATCH" if path == "/api/users/me" else "POST"
                try:
                    answer = await client.request(method, path, content=body, headers=headers)
                    load.answers[_name(answer)] += 1
                except httpx.HTTPError as error:
                    load.answers[type(error).__name__] += 1
                load.is_ready.set()
                await asyncio.sleep(PAUSE_SECONDS)

    async def attack(load: Load) -> None:
        await asyncio.gather(*(go_on(load) for _ in range(CLIENTS)))

    return attack


def _name(answer: httpx.Response) -> str:
    """The status and the code, of whichever door."""
    body = answer.json()
    if "errors" in body:
        return f"{answer.status_code} {body['errors'][0]['extensions']['code']}"
    return f"{answer.status_code} {body['error']['code']}" if "error" in body else str(answer.status_code)


def query(document: str) -> Attack:
    """A document over and over."""
    return ask("/graphql", json.dumps({"query": document}).encode(), JSON)


async def many_parts() -> AsyncIterator[bytes]:
    """A form of 100 000 parts."""
    for _ in range(MANY // 1000):
        yield PART * 1000


def trickle(head: bytes, count: int) -> Attack:
    """Many connections that send `head`, then a byte now and then, and come again when they are thrown out."""

    async def go_on(load: Load) -> None:
        while True:
            writer = None
            try:
                reader, writer = await asyncio.open_connection(*load.address)
                writer.write(head)
                load.answers["connected"] += 1
                await _trickle(load, reader, writer)
            except OSError as error:
                load.answers[type(error).__name__] += 1
                await asyncio.sleep(1)
            finally:
                if writer is not None:
                    writer.close()

    async def attack(load: Load) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(go_on(load))
                if number % PER_STEP == 0:
                    await asyncio.sleep(STEP_SECONDS)
            await asyncio.sleep(1)
            load.is_ready.set()

    return attack


async def _trickle(load: Load, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answered = asyncio.ensure_future(reader.readline())
    while not answered.done():
        writer.write(b"x")
        await asyncio.wait([answered], timeout=BYTE_SECONDS)
    line = answered.result().decode()
    load.answers[line.split(" ")[1] if " " in line else "closed"] += 1
    await asyncio.sleep(BYTE_SECONDS)


async def huge_heads(load: Load) -> None:
    """A few clients that send heads of 2 MB: one header, or many thousands."""

    async def go_on(head: bytes) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(*load.address)
                try:
                    writer.write(b"GET /api/calls HTTP/1.1\r\nHost: localhost\r\n" + head)
                    line = (await reader.readline()).decode()
                    load.answers[line.split(" ")[1] if " " in line else "closed"] += 1
                finally:
                    writer.close()
            load.is_ready.set()
            await asyncio.sleep(PAUSE_SECONDS)

    await asyncio.gather(go_on(b"X: " + b"x" * 2**21), go_on(b"X: x\r\n" * 350_000 + b"\r\n"))


async def flood(load: Load) -> None:
    """Many more requests at a time than a server can have in work; those who are refused wait as they are told."""
    limits = httpx.Limits(max_connections=FLOOD, max_keepalive_connections=FLOOD)
    async with httpx.AsyncClient(base_url=load.url, timeout=60, trust_env=False, limits=limits) as client:

        async def go_on() -> None:
            while True:
                try:
                    answer = await client.get("/api/calls")
                except httpx.HTTPError as error:
                    load.answers[type(error).__name__] += 1
                    continue
                load.answers[_name(answer)] += 1
                load.is_ready.set()
                await asyncio.sleep(float(answer.headers.get("retry-after", 1)))

        await asyncio.gather(*(go_on() for _ in range(FLOOD)))


ATTACKS: dict[str, Attack] = {
    "slow heads": trickle(b"GET /api/calls HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", SLOW_CONNECTIONS),
    "slow uploads": trickle(
        f"POST /api/calls/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['content-type']}\r\n"
        f"Content-Length: 50000000\r\n\r\n".encode()
        + UPLOAD_HEAD
        + b"RIFF____WAVE",
        SLOW_BODIES,
    ),
    "slow bodies": trickle(
        b"PATCH /api/users/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{", SLOW_BODIES
    ),
    "many parts": ask("/api/calls/analyze", many_parts, FORM),
    "many members": ask(
        "/api/users/me", json.dumps({str(number): 1 for number in range(MANY)}).encode()[: 2**20], JSON
    ),
    "many values": ask("/api/users/me", b'{"a": [' + b"{}," * 300_000 + b"1]}", JSON),
    "deep JSON": ask("/api/users/me", b"[" * 20_000, JSON),
    "deep GraphQL": query("{ me " + "{ a " * 500 + "{ id }" + " }" * 501),
    "1000 aliases": query("{ " + " ".join(f"a{number}: __typename" for number in range(1000)) + " }"),
    "many tokens": query("{ " + "__typename " * 90_000 + "}"),
    "long text": query('{ call(id: """' + "x\n" * 250_000 + '""") { id } }'),
    "huge heads": huge_heads,
    "flood": flood,
}


async def main(name: str, url: str) -> None:
    """Go on until standard input ends."""
    load = Load(url)
    attack = asyncio.ensure_future(ATTACKS[name](load))
    await asyncio.wait([attack, asyncio.ensure_future(load.is_ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    attack.cancel()
    with suppress(asyncio.CancelledError):
        await attack
    print(json.dumps(load.answers), flush=True)


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1], sys.argv[2]))

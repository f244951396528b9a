"""How long the API takes to let a token pass, or to refuse it, once Google's keys are known.

Beside requests that need no token, in the same run; the keys come from a double of Google's address on this machine.
The client writes bytes to a socket: an HTTP library would need longer for a header of a megabyte than the server.
"""

import asyncio
import json

from bench.serving import Served, Timing, measure, print_head, report, serve
from tests.doubles.forgeries import FORGERIES
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import PROJECT_ID

TARGET_MS = 20.0


async def run(served: Served, keys: GoogleKeys) -> dict[str, Timing]:
    """Timings by case; each answer is checked, too."""
    timings: dict[str, Timing] = {}
    host, _, port = served.base_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def time_case(name: str, path: str, token: str | None, status: int) -> None:
        header = "" if token is None else f"Authorization: Bearer {token}\r\n"
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\n".encode()

        async def ask() -> None:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
            assert int(head.split()[1]) == status, (name, head)

        timings[name] = report(name, await measure(ask))

    print_head()
    await time_case("floor: GET /api/health", "/api/health", None, 200)
    await time_case("floor: the same, a megabyte", "/api/health", "x" * 1024 * 1024, 200)
    await time_case("good", "/api/nothing", keys.sign(), 404)
    await time_case("missing", "/api/nothing", None, 401)
    for name, forge in FORGERIES.items():
        await time_case(name, "/api/nothing", forge(keys), 401)
    writer.close()
    return timings


def main() -> None:
    """Run everything; exit with 1 when the 95th percentile of a case is over the target."""
    with GoogleKeys() as keys:
        environment = {"FIREBASE_PROJECT_ID": PROJECT_ID, "FIREBASE_CERTIFICATES_URL": keys.url}
        with serve(environment) as served:
            timings = asyncio.run(run(served, keys))
        print(f"Google was asked {len(keys.requests)} times.")
    print(json.dumps({"bench": "tokens", "p95": {name: timing.p95 for name, timing in timings.items()}}))
    slow = [name for name, timing in timings.items() if timing.p95 > TARGET_MS]
    if slow:
        raise SystemExit(f"Over {TARGET_MS:.0f} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()

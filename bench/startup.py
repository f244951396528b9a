"""How long `scryon serve` and the worker take to start, and how much memory they have then.

Both run by their command lines, against a database and a Redis that run already, as in production; `serve` looks for
pending migrations, as it does by default. A start ends with the first page of calls, the worker's with the first 200 of
its readiness probe. Beside them `baselines/idiomatic.py`, under uvicorn, on the same database. The rounds are
interleaved, after one that is not counted, in which bytecode is written and files come into memory.

    python -m bench.startup [ROUNDS]        (default: 3)
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.db import migrate_now
from app.embedded.servers import EmbeddedServers
from app.supervisor import bind
from bench.processes import memory_mib, processor_seconds

TARGET_SECONDS = 2.5
LOOK_SECONDS = 0.005
GIVE_UP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """What is started, and the path whose first 200 ends its start; `port_variable` tells it where to listen.

    Without such a variable, its arguments do.
    """

    name: str
    arguments: Sequence[str]
    path: str
    port_variable: str | None = None


PROGRAMS = (
    Program("scryon serve", ("-m", "app.cli", "serve"), "/api/calls?limit=1", "SERVER_PORT"),
    Program("idiomatic", ("-m", "uvicorn", "bench.baselines.idiomatic:app", "--log-level", "warning"), "/api/calls"),
    Program("scryon worker", ("-m", "app.cli", "worker"), "/actuator/health/readiness", "SCRYON_WORKER_METRICS_PORT"),
)


@dataclass(slots=True)
class Starts:
    """What the starts of a program took, wall clock and processor time, and the memory that it had after them."""

    seconds: list[float] = field(default_factory=list)
    busy_seconds: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)


def start_once(program: Program, environment: Mapping[str, str], starts: Starts) -> None:
    """Start a program, wait for its first answer, and stop it. Raises AssertionError when it does not answer."""
    with bind("127.0.0.1", 0) as listener:
        port = int(listener.getsockname()[1])
    arguments = [sys.executable, *program.arguments]
    if program.port_variable is None:
        arguments += ["--port", str(port)]
    else:
        environment = {**environment, program.port_variable: str(port)}
    started = time.perf_counter()
    process = subprocess.Popen(arguments, env=environment, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port, program.path):
            assert process.poll() is None, f"{program.name} has ended."
            assert time.perf_counter() - started < GIVE_UP_SECONDS, f"{program.name} does not answer."
            time.sleep(LOOK_SECONDS)
        starts.seconds.append(time.perf_counter() - started)
        starts.busy_seconds.append(processor_seconds(process.pid))
        starts.mib.append(memory_mib(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def measure(environment: Mapping[str, str], rounds: int) -> dict[str, Starts]:
    """Let all programs take turns."""
    measured = {program.name: Starts() for program in PROGRAMS}
    for program in PROGRAMS:
        start_once(program, environment, Starts())
    for _ in range(rounds):
        for program in PROGRAMS:
            start_once(program, environment, measured[program.name])
    return measured


def report(measured: Mapping[str, Starts]) -> None:
    """Print a table and a JSON line; exit with 1 when the API is not there in time."""
    print(f"{'until the first answer':<24}{'seconds':>9}{'worst':>9}{'busy':>9}{'MiB':>9}")
    rows = {}
    for name, starts in measured.items():
        seconds, busy, mib = (statistics.median(values) for values in (starts.seconds, starts.busy_seconds, starts.mib))
        print(f"{name:<24}{seconds:9.2f}{max(starts.seconds):9.2f}{busy:9.2f}{mib:9.0f}")
        rows[name] = {"seconds": round(seconds, 2), "busySeconds": round(busy, 2), "mib": round(mib)}
    print(json.dumps({"bench": "startup", "sides": rows}))
    took = statistics.median(measured["scryon serve"].seconds)
    if took >= TARGET_SECONDS:
        raise SystemExit(f"`scryon serve` takes {took:.2f} s to start; the target is below {TARGET_SECONDS} s.")


def main() -> None:
    """Run everything."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as name:
        servers = EmbeddedServers.start(Path(name))
        try:
            assert servers.database_url is not None
            assert servers.redis_url is not None
            migrate_now(servers.database_url)
            # With bytecode, as wherever it is installed.
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
            environment |= {
                "DB_URL": servers.database_url,
                "REDIS_URL": servers.redis_url,
                "SCRYON_DATA_DIR": f"{name}/data",
                "LOGGING_LEVEL_COM_SCRYON": "WARNING",
            }
            measured = measure(environment, rounds)
        finally:
            servers.stop()
    report(measured)


if __name__ == "__main__":
    main()

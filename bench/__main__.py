"""Runs benchmarks one after the other, each as a process of its own: all of them, or those that are named.

    python -m bench [NAME…]        (such as `endpoints upload`)

Each prints a table and a line of JSON, and ends with 1 when it misses a target. So does this, after the last one.
"""

import subprocess
import sys
import time

# What takes longest comes last.
ALL = (
    "scaling",
    "tokens",
    "api",
    "endpoints",
    "keyset",
    "upload",
    "startup",
    "pipeline",
    "providers",
    "decoding",
    "accuracy",
    "hostile",
)


def main() -> None:
    """Run them; exit with 1 and the names of those that missed a target."""
    missed = []
    began = time.monotonic()
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        if subprocess.run([sys.executable, "-m", f"bench.{name}"]).returncode:
            missed.append(name)
        print(f"-- {time.monotonic() - started:.0f} s", flush=True)
    print(f"\nAll of it took {time.monotonic() - began:.0f} s.")
    if missed:
        raise SystemExit(f"Targets are missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()

"""What schemathesis cannot make up by itself: recordings, keys that are new, values of our scalars."""

import re
from itertools import count
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from schemathesis.transport.serialization import Binary

from tests.forms import WAV

REUSED_KEYS = 8
"""Of so many keys, one is sent as it was generated, and then often a second time with another request."""

_KEY = re.compile("[!-~]{1,200}")
_numbers = count()


def register() -> None:
    """Make it known; global, as everything of schemathesis that is registered."""
    schemathesis.openapi.media_type("audio/wav", st.just(Binary(WAV)))
    # No literal is an upload: whatever stands there is refused.
    schemathesis.graphql.scalar("Upload", st.text().map(nodes.String))
    schemathesis.hook("before_call")(_renew_key)


def _renew_key(_context: object, case: schemathesis.Case, _arguments: dict[str, Any]) -> None:
    """Let most valid keys be new ones, as clients send them: a used one is refused before anything else is found."""
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and _KEY.fullmatch(key):
        number = next(_numbers)
        if number % REUSED_KEYS:
            case.headers["Idempotency-Key"] = f"{key}-{number}"

"""What a report of an error holds, and what it never does. Source: pipeline.md, sections 13 and 14 (P7)."""

import json
from typing import Any
from uuid import UUID

import pytest

from app.observability.error_events import MAX_EXCEPTIONS, MAX_FRAMES, build_event, scrub

CALL, USER = str(UUID(int=1)), str(UUID(int=2))
SECRET = "zebracrossing"
IDS = {"callId": CALL, "userId": USER}


class AnalysisBrokenError(Exception):
    """An error of our own."""


def fail(said: str) -> None:
    heard = {"text": said}
    try:
        raise KeyError(heard["text"])
    except KeyError as error:
        raise AnalysisBrokenError(f"cannot read {said}") from error


def catch(said: str = SECRET) -> Exception:
    try:
        fail(said)
    except AnalysisBrokenError as error:
        return error
    raise AssertionError


def test_event_has_types_places_and_ids() -> None:
    event = build_event(catch(), "ANALYZED", {**IDS, "reqId": "r-1"})

    values = event.pop("exception")["values"]
    assert event == {
        "level": "error",
        "platform": "python",
        "fingerprint": ["ANALYZED", "AnalysisBrokenError"],
        "tags": IDS,
    }
    # As Sentry wants it: the cause first, and of each the outermost frame first.
    assert [(value["type"], value["module"]) for value in values] == [
        ("KeyError", "builtins"),
        ("AnalysisBrokenError", __name__),
    ]
    assert [[frame["function"] for frame in value["stacktrace"]["frames"]] for value in values] == [
        ["fail"],
        ["catch", "fail"],
    ]
    assert {tuple(frame) for value in values for frame in value["stacktrace"]["frames"]} == {
        ("filename", "function", "lineno")
    }
    assert SECRET not in json.dumps(values)


def test_event_is_bounded() -> None:
    def recurse() -> None:
        recurse()

    try:
        recurse()
    except RecursionError as error:
        deep = error
    chain: Exception = deep
    for _ in range(20):
        try:
            raise ValueError from chain
        except ValueError as error:
            chain = error

    values = build_event(chain, "stage", {})["exception"]["values"]
    [deepest] = build_event(deep, "stage", {})["exception"]["values"]

    assert len(values) == MAX_EXCEPTIONS
    assert len(deepest["stacktrace"]["frames"]) == MAX_FRAMES


def test_scrubber_leaves_a_good_event_alone() -> None:
    added = {"event_id": "e" * 32, "timestamp": "2026-11-01T12:00:00Z", "release": "scryon@1", "environment": "local"}
    event = {**build_event(catch(), "ANALYZED", IDS), **added, "sdk": {"name": "sentry.python", "version": "2"}}

    assert scrub(event) == event


def test_scrubber_drops_everything_that_is_not_on_its_list() -> None:
    frame = {"filename": "a.py", "function": "f", "lineno": 3, "vars": {"said": SECRET}, "context_line": SECRET}
    hostile: dict[str, Any] = {
        "level": "error",
        "message": SECRET,
        "logentry": {"message": SECRET, "params": [SECRET]},
        "server_name": SECRET,
        "transaction": SECRET,
        "user": {"id": SECRET, "ip_address": SECRET},
        "request": {"data": SECRET, "cookies": SECRET, "headers": {"Authorization": SECRET}, "url": SECRET},
        "breadcrumbs": {"values": [{"message": SECRET}]},
        "extra": {"sys.argv": [SECRET]},
        "contexts": {"trace": {"data": SECRET}},
        "modules": {SECRET: "1"},
        "threads": {"values": [{"name": SECRET}]},
        "tags": {**IDS, "title": SECRET, "callId": SECRET},
        "fingerprint": ["ANALYZED", "ValueError", {"said": SECRET}],
        "sdk": {"name": "sentry.python", "version": "2", "packages": [SECRET]},
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "module": "builtins",
                    "value": SECRET,
                    "mechanism": {"data": SECRET},
                    "raw_stacktrace": {"frames": [frame]},
                    "stacktrace": {"frames": [{**frame, "pre_context": [SECRET], "post_context": [SECRET]}]},
                }
            ]
        },
        SECRET: SECRET,
    }

    assert scrub(hostile) == {
        "level": "error",
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "module": "builtins",
                    "stacktrace": {"frames": [{"filename": "a.py", "function": "f", "lineno": 3}]},
                }
            ]
        },
        "fingerprint": ["ANALYZED", "ValueError"],
        "tags": {"userId": USER},
        "sdk": {"name": "sentry.python", "version": "2"},
    }


@pytest.mark.parametrize("part", [None, "text", 1, ["text"], {"values": "text"}, {"values": [None, "text"]}])
def test_scrubber_takes_any_shape(part: Any) -> None:
    event = scrub({"exception": part, "tags": part, "fingerprint": part, "sdk": part, "level": part})

    assert event["tags"] == {}

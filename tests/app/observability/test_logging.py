import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from app.observability.logging import configure_logging
from app.settings import load_settings


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the configured loggers write; afterwards everything is as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    configure_logging(load_settings(configured_profile="test"))
    structlog.contextvars.clear_contextvars()
    yield output
    root.handlers[:], level, config = before
    root.setLevel(level)
    structlog.configure(**config)
    structlog.contextvars.clear_contextvars()


def test_event_is_one_line_of_pairs(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(reqId="r-1")

    structlog.get_logger().info("call_claimed", callId="c-1", attempt=2, provider=None, note='say "hi"\n')

    [line] = lines.getvalue().splitlines()
    assert line.startswith("timestamp=")
    assert (
        line.partition(" ")[2] == 'level=info event=call_claimed callId=c-1 attempt=2 note="say \\"hi\\"\\n" reqId=r-1'
    )


def test_debug_is_silent_by_default(lines: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("anything").debug("detail")

    assert lines.getvalue() == ""


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_only_what_went_wrong_is_left_when_observability_is_off(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setattr(sys, "stderr", lines)
    configure_logging(load_settings(observability_enabled=False, log_level=level))

    structlog.get_logger().info("PIPELINE")
    structlog.get_logger().warning("database_unavailable")
    structlog.get_logger().error("unexpected_error")

    written = [line.partition("event=")[2].strip() for line in lines.getvalue().splitlines()]
    assert written == (["unexpected_error"] if level == "ERROR" else ["database_unavailable", "unexpected_error"])


def test_exceptions_show_types_and_places_but_no_texts(lines: io.StringIO) -> None:
    def fail() -> None:
        try:
            raise KeyError("zebracrossing")
        except KeyError as error:
            raise ValueError("zebracrossing") from error

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("unexpected_error")

    written = lines.getvalue()
    assert 'event=unexpected_error error="ValueError < KeyError"' in written
    assert "test_logging.py" in written
    assert ":fail" in written
    assert "zebracrossing" not in written


def test_other_libraries_are_treated_the_same(lines: io.StringIO) -> None:
    try:
        raise RuntimeError("zebracrossing")
    except RuntimeError:
        logging.getLogger("dramatiq.worker").exception("Failed for %s\nzebracrossing", "meera@linden.example")

    [line] = lines.getvalue().splitlines()
    assert 'level=error event="Failed for m***@***" error=RuntimeError' in line
    assert "zebracrossing" not in line


@pytest.mark.parametrize("text", ["+49 170 1234571", "meera@linden.example"])
def test_texts_are_masked(lines: io.StringIO, text: str) -> None:
    structlog.get_logger().warning("odd", value=f"got {text}")

    assert text not in lines.getvalue()
    assert "***" in lines.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        *("httpx", "httpx2", "httpcore2.http11", "openai._base_client", "sqlalchemy.engine", "alembic.runtime"),
        *("dramatiq", "urllib3.connectionpool", "google.auth.transport"),
    ],
)
def test_chatter_of_libraries_is_silent(lines: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("HTTP Request: GET https://api.example/?key=secret")

    assert lines.getvalue() == ""


def test_parser_of_forms_is_silent_since_it_quotes_headers(lines: io.StringIO) -> None:
    logging.getLogger("python_multipart.multipart").error("file name")

    assert lines.getvalue() == ""

"""What switches make of the log of a run. Source: pipeline.md, sections 11.1 and 11.2 (L6)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.calls.models import ArtifactType, CallStatus
from app.observability.logging import configure_logging
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.settings import load_settings
from tests.engines import MARKER, RAW, Script
from tests.factories import Factory


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> Iterator[None]:
    yield
    configure_logging(load_settings(log_level="ERROR"))


async def run(resources: Resources, factory: Factory, owner: UUID, script: Script, **values: Any) -> None:
    """A call whose words are there, under other settings."""
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)
    resources = replace(resources, settings=resources.settings.model_copy(update=values))
    await process_call(resources, script.engines(), Heartbeat(resources.database), call.id)


@pytest.mark.parametrize(
    ("is_redacted", "level", "is_told"),
    [(False, "DEBUG", True), (False, "INFO", False), (True, "DEBUG", False), (True, "INFO", False)],
)
async def test_words_are_logged_only_where_they_may_and_only_in_detail(
    resources: Resources,
    factory: Factory,
    alice: UUID,
    capsys: pytest.CaptureFixture[str],
    is_redacted: bool,
    level: str,
    is_told: bool,
) -> None:
    configure_logging(load_settings(log_level=level))

    await run(resources, factory, alice, Script(), redact_transcripts=is_redacted)

    told = [line for line in capsys.readouterr().err.splitlines() if MARKER in line]
    assert [("level=debug event=TRANSCRIPT" in line) for line in told] == [True] * is_told


@pytest.mark.parametrize("switch", ["observability_enabled", "pipeline_logging_enabled"])
async def test_switched_off_lines_leave_rows_and_errors(
    resources: Resources, factory: Factory, alice: UUID, capsys: pytest.CaptureFixture[str], switch: str
) -> None:
    configure_logging(load_settings(log_level="INFO"))
    script = Script()
    script.analyst.errors = [RuntimeError()]

    await run(resources, factory, alice, script, **{switch: False})

    lines = capsys.readouterr().err.splitlines()
    events = [line.split(" event=")[1].split(" ")[0] for line in lines]
    assert events == (["PIPELINE", "run_failed"] if switch == "observability_enabled" else ["run_failed"])
    assert all("status=FAILED" in line for line in lines if "event=PIPELINE" in line)

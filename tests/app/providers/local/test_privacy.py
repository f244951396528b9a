"""No audio on disk outside storage (pipeline.md, section 14, P2)."""

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.audio.preprocessing import prepare
from app.audio.settings import AudioSettings
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.diarization import LocalDiarizer
from app.providers.local.pocketsphinx_engine import PocketsphinxTranscriber
from tests.app.audio.recordings import read, stream


async def test_engines_work_without_a_temporary_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    written: list[str] = []
    is_watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if is_watching and event == "open" and isinstance(arguments[0], str) and set(str(arguments[1])) & set("wax+"):
            written.append(arguments[0])

    sys.addaudithook(watch)
    pool = CpuPool(1)
    try:
        audio = await prepare(stream(read("voicemail.mono.flac")), AudioSettings())
        short = replace(audio, duration_seconds=4.2, diarization=audio.diarization[: 2 * 67_200])
        content = await PocketsphinxTranscriber(pool).transcribe(short)
        answer = await LocalDiarizer(pool).diarize(audio, max_speakers=2)
    finally:
        is_watching = False
        await pool.close()

    assert orjson.loads(content)["text"].startswith("hello")
    assert len(answer.turns) == 2
    assert set(written) <= {os.devnull}

"""What is found out about this machine and its place in the network."""

from pathlib import Path
from typing import Any

import pytest

from app.checking.surroundings import check_access, check_callbacks, check_ffmpeg
from app.checking.verdicts import State, Verdict
from app.settings import load_settings

CALLBACKS = {
    "transcription_callback_enabled": True,
    "public_base_url": "https://calls.example",
    "webhook_secret": "x" * 32,
    "lemonfox_api_key": "key",
}


async def test_ffmpeg_is_found(tmp_path: Path) -> None:
    binary = tmp_path / "ffmpeg"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)

    assert await check_ffmpeg(load_settings(ffmpeg_path=str(binary))) == Verdict(State.OK, str(binary))


@pytest.mark.parametrize(
    ("values", "state", "what"),
    [
        ({}, State.OK, "answers come to calls.example"),
        ({"public_base_url": "http://calls.example"}, State.WARNING, "transcripts come over plain http"),
        ({"lemonfox_api_key": None}, State.WARNING, "switched on, and the transcription is local"),
        (
            {"transcription_callback_enabled": False},
            State.OFF,
            "answers of the transcription provider are waited for",
        ),
    ],
    ids=["https", "http", "local", "off"],
)
async def test_callbacks_need_tls_and_a_provider(values: dict[str, Any], state: State, what: str) -> None:
    verdict = await check_callbacks(load_settings(**{**CALLBACKS, **values}))

    assert (verdict.state, verdict.what) == (state, what)


@pytest.mark.parametrize(
    ("values", "state", "what"),
    [
        ({}, State.OK, "without sign-in, from this machine only"),
        ({"server_host": "0.0.0.0"}, State.WARNING, "whoever reaches 0.0.0.0 sees and deletes every call"),
        ({"server_host": "0.0.0.0", "api_keys": "key"}, State.OK, "with a key"),
        ({"server_host": "0.0.0.0", "firebase_project_id": "demo"}, State.OK, "with sign-in"),
    ],
    ids=["loopback", "open", "key", "sign-in"],
)
async def test_open_server_is_a_warning(values: dict[str, Any], state: State, what: str) -> None:
    verdict = await check_access(load_settings(**values))

    assert (verdict.state, verdict.what) == (state, what)

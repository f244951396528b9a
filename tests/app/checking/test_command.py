"""`scryon check` as a person runs it: exit status, table, JSON, and what is nowhere in them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from app.settings import Settings
from tests.app.checking.doors import KEY, LemonfoxDoor, ModelsDoor, PyannoteDoor
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.s3 import ACCESS_KEY, SECRET_KEY, Bucket

ROOT = Path(__file__).parents[3]
NAMES = [
    "database",
    "queue",
    "storage",
    "ffmpeg",
    "transcription",
    "callbacks",
    "diarization",
    "voices",
    "analysis",
    "access",
    "sign-in",
    "service account",
]


def check(folder: Path, environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'graphql'}"}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "check", *arguments],
        cwd=folder,
        env={**path, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_everything_that_is_configured_works(
    settings: Settings, database: object, bucket: Bucket, google_keys: GoogleKeys, tmp_path: Path
) -> None:
    with LemonfoxDoor() as lemonfox, PyannoteDoor() as pyannote, ModelsDoor() as models:
        environment = {
            "DB_URL": settings.db_url or "",
            "REDIS_URL": settings.redis_url or "",
            **{name.upper(): value for name, value in bucket.settings().items()},
            "LEMONFOX_BASE_URL": lemonfox.url,
            "LEMONFOX_API_KEY": KEY,
            "PYANNOTE_BASE_URL": pyannote.url,
            "PYANNOTE_API_KEY": KEY,
            "SCRYON_VOICE_EMBEDDING_ENABLED": "true",
            "LLM_BASE_URL": models.url,
            "LLM_API_KEY": KEY,
            "FIREBASE_PROJECT_ID": "demo-scryon",
            "FIREBASE_CERTIFICATES_URL": google_keys.url,
        }
        ended = check(tmp_path, environment, "--json")

    document = json.loads(ended.stdout)
    off = {"callbacks", "service account"}
    states = {entry["name"]: entry["state"] for entry in document["checks"]}
    assert (ended.returncode, document["ok"], ended.stderr) == (0, True, "")
    assert list(states) == NAMES
    assert states == {name: "off" if name in off else "ok" for name in NAMES}
    assert list(tmp_path.iterdir()) == []


def test_one_failure_is_told_in_the_table_and_ends_with_1(settings: Settings, bucket: Bucket, tmp_path: Path) -> None:
    with ModelsDoor() as models:
        environment = {
            "DB_URL": "postgresql://scryon:pa55word@127.0.0.1:1/calls",
            "REDIS_URL": "redis://:pa55word@127.0.0.1:1/0",
            **{name.upper(): value for name, value in bucket.settings(object_storage_secret_key="pa55word").items()},
            "LLM_BASE_URL": models.url,
            "LLM_API_KEY": "sk-pa55word",
        }
        ended = check(tmp_path, environment)

    words = " ".join(ended.stdout.split())
    assert ended.returncode == 1
    assert "database failed Postgres cannot be reached → check host and port of DB_URL, and that it runs" in words
    assert "storage failed the bucket refuses the key" in words
    assert "analysis failed The model server at 127.0.0.1 refuses the key (401)" in words
    for secret in ("pa55word", ACCESS_KEY, SECRET_KEY, "?", "Traceback"):
        assert secret not in ended.stdout + ended.stderr

"""What is found out about object storage, and what is left behind of that: nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.checking.storage import check_storage
from app.checking.verdicts import State, Verdict
from app.settings import load_settings
from app.storage.s3 import S3Patience
from tests.doubles.s3 import ACCESS_KEY, SECRET_KEY, Bucket


async def test_bucket_is_written_to_read_and_left_empty(bucket: Bucket) -> None:
    verdict = await check_storage(load_settings(**bucket.settings()))

    assert verdict == Verdict(State.OK, f"bucket {bucket.name}: writes, reads and deletes")
    assert [request.split()[0] for request in bucket.server.requests] == ["PUT", "GET", "GET", "DELETE"]
    assert bucket.list_keys() == []


def refuse(bucket: Bucket, status: int) -> dict[str, Any]:
    bucket.server.failure = status
    return bucket.settings()


def demand_region(bucket: Bucket) -> dict[str, Any]:
    bucket.server.region = "eu-central-1"
    return bucket.settings()


@pytest.mark.parametrize(
    ("break_", "what"),
    [
        (lambda bucket: bucket.settings(object_storage_bucket="nobody"), "the bucket does not exist"),
        (lambda bucket: bucket.settings(object_storage_access_key="AKIAS0MEBODY"), "the bucket refuses the key"),
        (lambda bucket: bucket.settings(object_storage_secret_key="wr0ng"), "the bucket refuses the key"),
        (demand_region, "the bucket is elsewhere"),
        (lambda bucket: refuse(bucket, 503), "the object storage is out of order (503)"),
        (
            lambda bucket: bucket.settings(object_storage_endpoint="http://127.0.0.1:1"),
            "the object storage cannot be reached",
        ),
    ],
    ids=["no bucket", "unknown key", "wrong secret", "wrong region", "outage", "unreachable"],
)
async def test_what_is_wrong_with_a_bucket_is_told_without_its_secrets(
    bucket: Bucket, break_: Callable[[Bucket], dict[str, Any]], what: str
) -> None:
    verdict = await check_storage(load_settings(**break_(bucket)))

    assert (verdict.state, verdict.what) == (State.FAILED, what)
    secrets = (ACCESS_KEY, SECRET_KEY, "AKIAS0MEBODY", "wr0ng", "127.0.0.1")
    assert [secret for secret in secrets if secret in (verdict.cure or "")] == []


async def test_bucket_that_says_nothing_is_given_up(bucket: Bucket) -> None:
    bucket.server.hold()

    verdict = await check_storage(load_settings(**bucket.settings()), S3Patience(silence_seconds=0.2, retries=0))

    assert (verdict.state, verdict.what) == (State.FAILED, "the object storage cannot be reached")


async def test_folder_is_written_to_and_left_empty(tmp_path: Path) -> None:
    verdict = await check_storage(load_settings(object_storage_local_path=tmp_path))

    assert verdict == Verdict(State.OK, f"local: {tmp_path} can be written to")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    verdict = await check_storage(load_settings(data_dir=tmp_path / "var"))

    assert verdict == Verdict(State.OK, f"local: {tmp_path / 'var' / 'storage'} is made at the first start")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("file", "the folder of local storage cannot be written to"),
        ("file/storage", "the folder of local storage cannot be made"),
        ("file/var/storage", "the folder of local storage cannot be made"),
    ],
)
async def test_folder_that_cannot_be_used_fails(tmp_path: Path, path: str, what: str) -> None:
    (tmp_path / "file").touch()

    verdict = await check_storage(load_settings(object_storage_local_path=tmp_path / path))

    assert (verdict.state, verdict.what) == (State.FAILED, what)

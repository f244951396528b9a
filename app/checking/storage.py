"""Object storage: a small object goes in, comes back and is deleted."""

import os
import re
from pathlib import Path
from uuid import uuid4

from app.checking.verdicts import Verdict, failed, ok
from app.errors import StorageUnavailableError
from app.settings import Settings
from app.storage.s3 import S3Patience
from app.storage.store import ObjectMissingError, ObjectStore, open_store

IMPATIENCE = S3Patience(connect_seconds=2, silence_seconds=2.5, request_seconds=5, retries=1, retry_seconds=1)
"""So that writing, reading and deleting together stay within the time of a check."""

_PROBE = b"scryon check"
_STATUS = re.compile(r"status code: (\d{3})")


async def check_storage(settings: Settings, patience: S3Patience = IMPATIENCE) -> Verdict:
    """Whether the store takes, gives and deletes objects. A local folder that is not there yet is not made."""
    if settings.object_storage_provider != "s3":
        return await _check_folder(settings)
    try:
        await _try_out(open_store(settings, patience))
    except StorageUnavailableError as error:
        return _explain(error)
    except ObjectMissingError:
        return failed("the bucket loses what is put into it", "check OBJECT_STORAGE_ENDPOINT")
    return ok(f"bucket {settings.object_storage_bucket}: writes, reads and deletes")


async def _check_folder(settings: Settings) -> Verdict:
    folder = settings.storage_path.resolve()
    cure = f"let this user write to {folder}, or set OBJECT_STORAGE_LOCAL_PATH"
    if not folder.exists():
        parent = next(path for path in folder.parents if path.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            return failed("the folder of local storage cannot be made", cure)
        return ok(f"local: {_short(folder)} is made at the first start")
    try:
        await _try_out(open_store(settings))
    except (StorageUnavailableError, ObjectMissingError):
        return failed("the folder of local storage cannot be written to", cure)
    return ok(f"local: {_short(folder)} can be written to")


def _short(folder: Path) -> Path:
    """As seen from here, where that is shorter."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


async def _try_out(store: ObjectStore) -> None:
    """Raises StorageUnavailableError, or ObjectMissingError when what was put cannot be read."""
    prefix = f"checks/{uuid4()}/"
    await store.put(f"{prefix}probe", _PROBE)
    try:
        if await store.get(f"{prefix}probe") != _PROBE:
            raise ObjectMissingError
    finally:
        await store.delete_prefix(prefix)


def _explain(error: StorageUnavailableError) -> Verdict:
    """Say why, from the kind of the exception behind it; of its text, only a status is looked at."""
    cause = error.__context__
    status = _STATUS.search(str(cause))
    match cause, int(status[1]) if status else None:
        case FileNotFoundError(), _:
            return failed("the bucket does not exist", "create it, or check OBJECT_STORAGE_BUCKET")
        case _, 401 | 403:
            return failed(
                "the bucket refuses the key",
                "check OBJECT_STORAGE_ACCESS_KEY, OBJECT_STORAGE_SECRET_KEY and its policy",
            )
        case _, 301 | 307 | 400:
            return failed("the bucket is elsewhere", "check OBJECT_STORAGE_REGION and OBJECT_STORAGE_ENDPOINT")
        case _, int(number) if number >= 500:
            return failed(f"the object storage is out of order ({number})", "try again later")
        case _:
            return failed("the object storage cannot be reached", "check OBJECT_STORAGE_ENDPOINT and the network")

"""The object store over a local folder. Source: pipeline.md, section 3.1 (A6)."""

import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import StorageUnavailableError
from app.settings import load_settings
from app.storage.store import CHUNK_BYTES, ObjectStore, open_store

PREFIX = "users/u/calls/c/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "storage"


@pytest.fixture
def store(folder: Path) -> ObjectStore:
    return open_store(load_settings(data_dir=folder.parent))


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_deleting_a_prefix_takes_staged_parts_along_and_leaves_neighbours(
    store: ObjectStore, folder: Path
) -> None:
    await store.put(PREFIX + "temp/audio.wav", b"audio")
    await store.put("users/u/calls/c2/x.json", b"{}")
    (folder / PREFIX / "temp/audio.wav#1").write_bytes(b"half an upload")

    await store.delete_prefix(PREFIX)

    assert files_below(folder) == ["users/u/calls/c2/x.json"]
    assert not (folder / PREFIX).exists()


async def test_leftovers_are_deleted_only_when_old_enough(store: ObjectStore, folder: Path) -> None:
    await store.put(PREFIX + "x.json", b"{}")
    for name, age in (("old#1", 7200), ("fresh#1", 60)):
        path = folder / PREFIX / name
        path.write_bytes(b"half an upload")
        os.utime(path, (time.time() - age, time.time() - age))

    deleted = await store.delete_leftovers(timedelta(hours=1))

    assert deleted == 1
    assert files_below(folder) == [f"{PREFIX}fresh#1", f"{PREFIX}x.json"]


async def test_only_the_owner_can_read_the_folder_and_its_files(store: ObjectStore, folder: Path) -> None:
    await store.put(PREFIX + "x.json", b"{}")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / PREFIX / "x.json").stat().st_mode & 0o777 == 0o600


async def test_store_that_cannot_write_is_unavailable(store: ObjectStore, folder: Path) -> None:
    folder.rmdir()
    folder.write_bytes(b"a file where the folder was")

    with pytest.raises(StorageUnavailableError):
        await store.put(PREFIX + "x.json", b"{}")


async def test_disk_that_does_not_take_a_part_is_told_of(store: ObjectStore, folder: Path) -> None:
    key = PREFIX + "temp/audio.wav"
    await store.put(key, b"an earlier recording")
    # A part that cannot be opened to be synced; nobody looks at it at the end, when only the whole is left.
    part = folder / f"{key}#2"
    part.symlink_to(part)

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield bytes(CHUNK_BYTES)

    with pytest.raises(StorageUnavailableError):
        await store.put_stream(key, stream())

    assert await store.get(key) == b"an earlier recording"
    assert files_below(folder) == [key]

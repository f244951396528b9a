"""Object storage: a local folder or any S3-compatible bucket behind one small interface.

obstore does the work; this module evens out what differs between its stores. Everything that the store cannot do
becomes `StorageUnavailableError`; a missing object is `ObjectMissingError`.
Source: architecture.md, "Storage"; providers.md, section 5.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from app.cancellation import let_end
from app.errors import StorageUnavailableError
from app.settings import Settings
from app.storage.pipe import ABORT_SECONDS, pump
from app.storage.s3 import PATIENCE, S3Patience, open_bucket

CHUNK_BYTES = 5 * 1024**2
"""Part size of streamed puts; S3 takes no smaller one."""

READ_CHUNK_BYTES = 1024**2
DELETES_AT_ONCE = 10
PAGE_OBJECTS = 1000
"""How many objects a bucket lists per request."""


class ObjectMissingError(Exception):
    """There is no object under that key."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A line of a listing. The time of what a bucket took in parts may be that of the first one."""

    key: str
    modified_at: datetime


class ObjectStore:
    """Puts, gets, lists and deletes objects by key. `root` is the folder of a local store, None for S3."""

    def __init__(self, store: LocalStore | S3Store, root: Path | None) -> None:
        self._store = store
        self._root = root

    async def put(self, key: str, content: bytes) -> None:
        """Store or replace an object; durable when this returns.

        obstore goes on with a put that is cancelled. So a cancellation waits for its end: else the object might appear
        after its call was deleted, and be there for good.

        Raises:
            StorageUnavailableError: the store did not take it.
        """
        await let_end(self._put(key, content), seconds=ABORT_SECONDS)

    async def _put(self, key: str, content: bytes) -> None:
        with _translated():
            await obstore.put_async(self._store, key, content)
            await self._sync(key)

    async def put_first(self, key: str, content: bytes) -> bytes:
        """Store an object unless there is one; returns what is there: of several who try at once, one wins.

        A cancellation waits, as with `put`.

        Raises:
            StorageUnavailableError: the store did not take it, or somebody deletes objects of that key just now.
        """
        return await let_end(self._put_first(key, content), seconds=ABORT_SECONDS)

    async def _put_first(self, key: str, content: bytes) -> bytes:
        try:
            with _translated():
                try:
                    await obstore.put_async(self._store, key, content, mode="create")
                except AlreadyExistsError:
                    content = await self.get(key)
                # Of an object of somebody else, too: they may not have come to it yet.
                await self._sync(key)
                return content
        except ObjectMissingError as error:
            raise StorageUnavailableError from error

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Store or replace an object from a stream of unknown length; at most a few parts are held in memory.

        What the stream raises leaves as it is, and nothing is stored. So it is with a cancellation, unless the last
        chunk was there already.

        Raises:
            StorageUnavailableError: the store did not take it.
        """

        async def store(source: AsyncIterable[bytes]) -> None:
            with _translated():
                pieces = source if self._root is None else _sync_meanwhile(self._root, key, source)
                await obstore.put_async(self._store, key, pieces, chunk_size=CHUNK_BYTES, max_concurrency=1)
                await self._sync(key)

        await pump(chunks, store)

    async def get(self, key: str) -> bytes:
        """Read a whole object. Raises ObjectMissingError, StorageUnavailableError."""
        async with self._looking_for(key):
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())

    async def iter_chunks(self, key: str) -> AsyncIterator[bytes]:
        """Read an object piece by piece. Raises ObjectMissingError, StorageUnavailableError."""
        async with self._looking_for(key):
            result = await obstore.get_async(self._store, key)
            async for chunk in result.stream(min_chunk_size=READ_CHUNK_BYTES):
                yield bytes(chunk)

    async def delete(self, key: str) -> None:
        """Delete an object; a missing one is fine. Raises StorageUnavailableError."""
        try:
            async with self._looking_for(key):
                await obstore.delete_async(self._store, key)
        except ObjectMissingError:
            pass
        if self._root is not None:
            await asyncio.to_thread(_delete_staged, self._root, key, timedelta(0))

    async def list_keys(self, prefix: str) -> list[str]:
        """All keys that begin with a prefix ending in `/`, in no particular order. Raises StorageUnavailableError."""
        with _translated():
            pages = obstore.list(self._store, prefix=prefix)
            return [entry["path"] async for page in pages for entry in page]

    async def iter_pages(self, prefix: str, *, after: str | None = None) -> AsyncIterator[list[StoredObject]]:
        """All objects below a prefix ending in `/`, a page at a time; staged parts of uploads are not among them.

        Objects of one folder come one after the other. `after` leaves out the keys up to that one. A bucket's come in
        the order of their keys, a local store's in none.

        Raises:
            StorageUnavailableError: the store does not answer.
        """
        with _translated():
            async for page in obstore.list(self._store, prefix=prefix, offset=after, chunk_size=PAGE_OBJECTS):
                yield [StoredObject(entry["path"], entry["last_modified"]) for entry in page]

    async def delete_prefix(self, prefix: str) -> None:
        """Delete everything below a prefix ending in `/`, staged parts of broken uploads included.

        Raises:
            StorageUnavailableError: something is left.
        """
        keys = await self.list_keys(prefix)
        for start in range(0, len(keys), DELETES_AT_ONCE):
            await asyncio.gather(*(self.delete(key) for key in keys[start : start + DELETES_AT_ONCE]))
        if self._root is not None:
            await asyncio.to_thread(_delete_folder, self._root / prefix)

    async def delete_leftovers(self, older_than: timedelta) -> int:
        """Delete staged parts of broken uploads that nobody has written to for that long; returns how many.

        Local store only, whose `list` hides them; on S3 the bucket's lifecycle rule does it (pipeline.md 3.1, A6).
        """
        if self._root is None:
            return 0
        return await asyncio.to_thread(_delete_staged, self._root, "", older_than)

    @asynccontextmanager
    async def _looking_for(self, key: str) -> AsyncIterator[None]:
        """Tell a missing object from a missing bucket, which answers a request for an object in the same way.

        Whoever took one for the other would forget every artifact because of a bucket that is not there.
        """
        try:
            with _translated():
                try:
                    yield
                except FileNotFoundError as error:
                    raise ObjectMissingError from error
        except ObjectMissingError:
            if self._root is None:
                await self.list_keys(key)
            raise

    async def _sync(self, key: str) -> None:
        """Make a local put survive a power loss: file and folders are on disk before anybody relies on them."""
        if self._root is not None:
            await asyncio.to_thread(_sync_to_disk, self._root, self._root / key)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError):
        # Without its text, which quotes addresses and answers.
        raise StorageUnavailableError from None


async def _sync_meanwhile(root: Path, key: str, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Pass the pieces of a put on, and let the disk work on each part, so that little is left to do at the end.

    Raises:
        OSError: the disk did not take it. The kernel tells that once, so that a later sync might find all well.
    """
    syncing, size = asyncio.create_task(asyncio.sleep(0)), 0
    try:
        async for piece in pieces:
            yield piece
            size += len(piece)
            if size >= CHUNK_BYTES and syncing.done():
                await syncing
                syncing, size = asyncio.create_task(asyncio.to_thread(_sync_staged, root, key)), 0
        await syncing
    finally:
        await asyncio.gather(syncing, return_exceptions=True)


def _sync_staged(root: Path, key: str) -> None:
    for path in _find_staged(root, key):
        try:
            _sync(path)
        except FileNotFoundError:
            continue


def _sync_to_disk(root: Path, path: Path) -> None:
    path.chmod(0o600)
    for entry in (path, *path.parents):
        _sync(entry)
        if entry == root:
            return


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete_staged(root: Path, key: str, older_than: timedelta) -> int:
    limit = time.time() - older_than.total_seconds()
    deleted = 0
    for path in _find_staged(root, key):
        try:
            if path.is_file() and path.stat().st_mtime <= limit:
                path.unlink()
                deleted += 1
        except FileNotFoundError:
            continue
    return deleted


def _find_staged(root: Path, key: str) -> list[Path]:
    """The `<name>#<n>` files of broken uploads and of those under way: of one key, or of all when `key` is empty."""
    folder, pattern = ((root / key).parent, f"{Path(key).name}#*") if key else (root, "**/*#*")
    return _glob(folder, pattern)


def _glob(folder: Path, pattern: str) -> list[Path]:
    """What matches just now; somebody else may remove folders while they are looked through."""
    while True:
        try:
            return list(folder.glob(pattern))
        except FileNotFoundError:
            continue


def _delete_folder(folder: Path) -> None:
    """Remove what a prefix leaves behind: staged parts, then the empty folders."""
    for path in sorted(_glob(folder, "**/*"), key=lambda found: len(found.parts), reverse=True):
        try:
            path.rmdir() if path.is_dir() else path.unlink()
        except OSError:
            continue
    try:
        folder.rmdir()
    except OSError:
        return


def open_store(settings: Settings, patience: S3Patience = PATIENCE) -> ObjectStore:
    """Open the store that the settings name; a local folder is made with mode 0700.

    Raises:
        StorageUnavailableError: the folder cannot be made or used.
    """
    if settings.object_storage_provider == "s3":
        return ObjectStore(open_bucket(settings, patience), root=None)
    root = settings.storage_path.resolve()
    with _translated():
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return ObjectStore(LocalStore(root, automatic_cleanup=False), root=root)

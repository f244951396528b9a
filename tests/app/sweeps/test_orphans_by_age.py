"""How old objects of no call have to be; in a local store, where a test can set times. Source: pipeline.md, 9."""

import os
import time
from datetime import timedelta
from uuid import UUID, uuid4

from app.resources import Resources
from app.storage.keys import call_prefix
from app.sweeps.orphans import SETTLING, delete_orphans
from tests.app.sweeps.test_orphans import Sleep, orphan

GRACE = timedelta(hours=1)
LITTLE = timedelta(seconds=20)


def grow_old(resources: Resources, key: str, age: timedelta) -> None:
    moment = time.time() - age.total_seconds()
    os.utime(resources.settings.storage_path / key, (moment, moment))


async def test_prefix_is_as_old_as_its_newest_object(resources: Resources, alice: UUID) -> None:
    ages = {name: uuid4() for name in ("old", "mixed", "fresh")}
    for name, audio_age, document_age in (
        ("old", GRACE + LITTLE, GRACE + LITTLE),
        ("mixed", GRACE + LITTLE, GRACE - LITTLE),
        ("fresh", GRACE - LITTLE, GRACE - LITTLE),
    ):
        prefix = call_prefix(alice, ages[name])
        for key, age in ((f"{prefix}temp/audio.wav", audio_age), (f"{prefix}transcripts/raw.json", document_age)):
            await resources.storage.put(key, b"{}")
            grow_old(resources, key, age)
    sleep = Sleep()

    deleted = await delete_orphans(resources, GRACE, sleep=sleep)

    assert deleted == 1
    assert sleep.seconds == [SETTLING.total_seconds()]
    left = {key.split("/")[3] for key in await resources.storage.list_keys("users/")}
    assert left == {str(ages["mixed"]), str(ages["fresh"])}


async def test_prefix_that_something_new_comes_to_meanwhile_stays(resources: Resources, alice: UUID) -> None:
    old = await orphan(resources, alice)
    grow_old(resources, old, GRACE + LITTLE)
    new = old.replace("temp/audio.wav", "transcripts/raw.json")

    deleted = await delete_orphans(resources, GRACE, sleep=Sleep(lambda: resources.storage.put(new, b"{}")))

    assert deleted == 0
    assert sorted(await resources.storage.list_keys("users/")) == [old, new]


async def test_staged_parts_go_when_they_are_old(resources: Resources, alice: UUID) -> None:
    folder = resources.settings.storage_path / call_prefix(alice, uuid4()) / "temp"
    folder.mkdir(parents=True)
    old, fresh = folder / "audio.wav#1", folder / "audio.wav#2"
    for path, age in ((old, GRACE + LITTLE), (fresh, GRACE - LITTLE)):
        path.write_bytes(b"half an upload")
        grow_old(resources, str(path), age)

    assert await delete_orphans(resources, GRACE, sleep=Sleep()) == 1
    assert list(folder.iterdir()) == [fresh]

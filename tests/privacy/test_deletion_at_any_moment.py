"""A call or an account that is deleted at any moment leaves nothing, whatever goes on with the call after it.

Every table, the whole object store and all of Redis are looked through. Source: pipeline.md, sections 2 (S1) and 8 (D1
to D5, D7); rest.md, section 6 (T11). Uploads under way are in `test_account_deletion.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from app.resources import Resources
from app.storage.keys import user_prefix
from tests.engines import MARKER
from tests.factories import Factory
from tests.holding import DEADLINE_SECONDS
from tests.privacy.contents import REDIS, about, read_contents
from tests.privacy.moments import MOMENTS, TITLE, Moment, Scene

ALEMBIC = "alembic_version"
Line = Mapping[str, Any]


@pytest.fixture
async def scene(resources: Resources, factory: Factory, owner: UUID) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        yield Scene(resources, factory, owner, stack)


async def delete_at(moment: Moment, rest: httpx.AsyncClient, scene: Scene, path: str) -> list[Line]:
    """Delete what lies at `path`, where `{}` is the call, and let whoever works on the call go on; what was logged."""
    call = await moment.begin(scene)
    with capture_logs() as logs:
        if moment.prepare is None:
            answer = await rest.delete(path.format(call.id))
            await moment.work(scene, call)
        else:
            await moment.prepare(scene)
            running = asyncio.create_task(moment.work(scene, call))
            await scene.hold.wait_for(running)
            answer = await rest.delete(path.format(call.id))
            scene.hold.release()
            await asyncio.wait_for(running, DEADLINE_SECONDS)
    assert answer.status_code == 204
    expect_honest_lines(moment, logs, str(call.id))
    in_redis = {REDIS: (await read_contents(scene.resources)).get(REDIS, [])}
    assert about(in_redis, [str(call.id), str(scene.owner), MARKER, TITLE.lower()]) == {}
    return logs


def expect_honest_lines(moment: Moment, logs: list[Line], call_id: str) -> None:
    """A cancelled run says so once, and nothing of the call; nothing counts as failed."""
    cancelled = [dict(line) for line in logs if line.get("stage") == "CALL_CANCELLED"]
    said = {"event": "PIPELINE", "stage": "CALL_CANCELLED", "status": "COMPLETED"}
    assert cancelled == [{**said, "callId": call_id, "log_level": "info"}] * moment.is_cancelled
    failures = [line for line in logs if line["log_level"] == "error" or line.get("stage") == "CALL_FAILED"]
    assert len(failures) == moment.has_failed
    assert [word for word in (MARKER, TITLE) if word in str(logs)] == []


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
async def test_deleted_call_leaves_nothing(
    rest: httpx.AsyncClient, resources: Resources, scene: Scene, moment: Moment
) -> None:
    await delete_at(moment, rest, scene, "/api/calls/{}")

    contents = await read_contents(resources)
    assert set(contents) - {REDIS} - {"user_voice_profiles"} == {ALEMBIC, "users"}
    assert len(contents["users"]) == 1


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
async def test_call_of_a_deleted_account_leaves_nothing(
    rest: httpx.AsyncClient, resources: Resources, scene: Scene, moment: Moment
) -> None:
    await delete_at(moment, rest, scene, "/api/users/me")

    assert set(await read_contents(resources)) - {REDIS} == {ALEMBIC}
    # A local store has folders, which are named after their users, too.
    assert not (resources.settings.storage_path / user_prefix(scene.owner)).exists()

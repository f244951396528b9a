import asyncio
import os
import signal
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from app.providers.local.cpu_pool import CpuPool
from tests.app.providers.local.jobs import die, die_once, double, get_pid, refuse, wait_for_end

# Another process with a pool: it prints the child's id as soon as the job runs.
_PARENT = """
import asyncio, sys
from app.providers.local.cpu_pool import CpuPool
from tests.app.providers.local.jobs import wait_for_end
if __name__ == "__main__":
    asyncio.run(CpuPool(1).run(wait_for_end, sys.argv[1]))
"""


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie, which nobody but its parent can end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def wait_until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while is_running(pid):  # noqa: ASYNC110  (another process tells nobody when it ends)
            await asyncio.sleep(0.02)


async def test_answers_come_in_the_order_of_the_arguments(pool: CpuPool) -> None:
    assert await pool.map(double, list(range(20))) == list(range(0, 40, 2))


async def test_jobs_run_in_other_processes(pool: CpuPool) -> None:
    assert await pool.run(get_pid, None) != os.getpid()


async def test_what_a_job_raises_is_raised_here(pool: CpuPool) -> None:
    with pytest.raises(ValueError, match="3"):
        await pool.map(refuse, [3, 3, 3])


async def test_a_killed_child_costs_nothing_but_time(pool: CpuPool, tmp_path: Path) -> None:
    assert await pool.run(die_once, str(tmp_path / "died")) == "alive"
    assert await pool.run(double, 4) == 8


async def test_jobs_beside_a_killed_child_are_run_again(tmp_path: Path) -> None:
    pool = CpuPool(2)
    try:
        died, doubled = await asyncio.gather(
            pool.run(die_once, str(tmp_path / "died")), pool.map(double, list(range(50)))
        )
    finally:
        await pool.close()

    assert (died, doubled) == ("alive", list(range(0, 100, 2)))


async def test_a_job_that_kills_every_child_is_given_up() -> None:
    pool = CpuPool(1)
    try:
        with pytest.raises(BrokenProcessPool):
            await pool.run(die, None)
        assert await pool.run(double, 4) == 8
    finally:
        await pool.close()


async def test_closing_ends_children_in_the_middle_of_a_job(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    pool = CpuPool(1)
    running = asyncio.create_task(pool.run(wait_for_end, str(fifo)))
    pid = int(await asyncio.to_thread(fifo.read_text))

    running.cancel()
    await pool.close()
    await pool.close()

    assert not is_running(pid)


async def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    fifo, script = tmp_path / "fifo", tmp_path / "parent.py"
    os.mkfifo(fifo)
    script.write_text(_PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(fifo), env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    child = int(await asyncio.to_thread(fifo.read_text))

    parent.send_signal(signal.SIGKILL)
    await parent.wait()

    await wait_until_gone(child)

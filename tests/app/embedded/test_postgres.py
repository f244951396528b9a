import os
import subprocess
from collections.abc import Iterator

import pytest

from app.embedded.data_dir import SERVER_UID
from app.embedded.servers import EmbeddedServers


@pytest.fixture
def unrelated_process() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the user that the servers run as."""
    uid = SERVER_UID if os.geteuid() == 0 else None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd="/", user=uid) as process:
        yield process


def test_pid_file_whose_id_now_belongs_to_another_process_does_not_prevent_the_start(
    data_dir, unrelated_process, run_sql
):
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{unrelated_process.pid}\n{data_dir / 'postgres'}\n1\n5432\n/tmp/gone\n\n  1 1\nready   \n")

    with EmbeddedServers.start(data_dir) as servers:
        answer = run_sql(servers.database_url, "SELECT 1")

    assert answer == 1

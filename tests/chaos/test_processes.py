"""A process that ends by itself is told from one that was killed."""

from pathlib import Path

from tests.chaos.processes import Process
from tests.running import wait_for


def test_a_process_that_ends_by_itself_is_started_again_and_counted(tmp_path: Path) -> None:
    process = Process(["calendar", "2026"], {}, tmp_path / "log")
    process.start()

    def has_ended() -> bool:
        process.look_after()
        return process.own_ends > 0

    wait_for(has_ended, 30)
    process.stop()


def test_a_killed_process_lives_again_and_counts_for_nothing(tmp_path: Path) -> None:
    process = Process(["http.server", "--bind", "127.0.0.1", "0"], {}, tmp_path / "log")
    process.start()

    process.restart()
    process.look_after()
    process.stop()

    assert process.own_ends == 0

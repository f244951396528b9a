"""What a phone finds odd."""

import pytest

from tests.chaos.phones import CallStory
from tests.chaos.plan import Submission


def make_story() -> CallStory:
    return CallStory(Submission(1, 0, 0, is_repeated=False, deletes_after_seconds=None))


@pytest.mark.parametrize(
    ("statuses", "problems"),
    [
        (["QUEUED", "QUEUED", "TRANSCRIBING", "ANALYZING", "COMPLETED"], []),
        (["QUEUED", "FAILED"], []),
        (["ANALYZING", "TRANSCRIBING"], ["TRANSCRIBING after ANALYZING"]),
        (["COMPLETED", "FAILED"], ["FAILED after COMPLETED"]),
        (["FAILED", "QUEUED"], ["QUEUED after FAILED"]),
    ],
)
def test_a_status_never_goes_back(statuses: list[str], problems: list[str]) -> None:
    story = make_story()

    for status in statuses:
        story.see(status)

    assert story.problems == problems

from pathlib import Path

import pytest

from bench.accuracy import Rates, find_limits


@pytest.mark.parametrize(
    ("name", "rates", "expected"),
    [
        pytest.param(
            "pricing.mono.ogg",
            {"speakers": 0.04, "one": 0.49},
            {"words": 0.12, "speakers": 0.08, "labels": 0.03},
            id="a target of its own",
        ),
        pytest.param(
            "telephone-30s.flac", {"one": 0.21}, {"speakers": 0.21}, id="one speaker does better than the target"
        ),
        pytest.param("meeting-dev00.flac", {"one": 0.41}, {"speakers": 0.41}, id="one speaker is to be beaten"),
        pytest.param("memo.mp3", {}, {}, id="no reference"),
    ],
)
def test_no_recording_may_be_worse_than_one_speaker(name: str, rates: Rates, expected: Rates) -> None:
    assert find_limits(Path(name), rates) == expected

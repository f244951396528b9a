from pathlib import Path

import pytest

from bench.accuracy import Rates, Report, Result, Sample, find_limits, find_samples
from bench.metrics import SpokenWord
from bench.wordless import make_wordless
from tests.app.audio.recordings import AUDIO_FOLDER

MEMO = Sample("memo.flac", bytes)
HUM = Sample("hum", bytes, is_wordless=True)


def result(rates: Rates | None = None, *, words: tuple[str, ...] = (), faults: tuple[str, ...] = ()) -> Result:
    spoken = tuple(SpokenWord(word, "SPEAKER_00") for word in words)
    return Result(30.0, spoken, rates or {}, real_time_factor=1.0, faults=faults)


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
        pytest.param("support.phone.6s.3gp", {}, {}, id="an excerpt without a reference"),
    ],
)
def test_no_recording_may_be_worse_than_one_speaker(name: str, rates: Rates, expected: Rates) -> None:
    assert find_limits(Path(name), rates) == expected


@pytest.mark.parametrize(
    ("sample", "measured", "is_met"),
    [
        pytest.param(MEMO, result({"speakers": 0.1, "one": 0.2}), True, id="better than one speaker"),
        pytest.param(MEMO, result({"speakers": 0.2, "one": 0.2}), True, id="one speaker is all there is"),
        pytest.param(MEMO, result({"speakers": 0.3, "one": 0.2}), False, id="worse than one speaker"),
        pytest.param(MEMO, result(faults=("overlap",)), False, id="a rule is broken"),
        pytest.param(HUM, result(faults=("transcription_empty",)), True, id="nothing is heard in hum"),
        pytest.param(HUM, result(words=("oh",)), False, id="a word is made up"),
    ],
)
def test_a_row_decides_whether_the_targets_are_met(sample: Sample, measured: Result, is_met: bool) -> None:
    report = Report()

    report.add(sample, measured)

    assert report.is_met is is_met


def test_a_recording_that_takes_too_long_misses_the_targets(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()

    report.add_unfinished(MEMO)

    assert not report.is_met
    assert capsys.readouterr().out.split()[0] == "memo.flac"


def test_every_file_is_measured_and_sounds_without_a_word_besides(tmp_path: Path) -> None:
    for name in ("memo.mono.flac", "memo.mono.ogg"):
        (tmp_path / name).write_bytes((AUDIO_FOLDER / name.replace("memo", "pricing")).read_bytes())
    (tmp_path / "memo.json").write_text("{}")

    samples = find_samples(tmp_path)

    truth = tmp_path / "memo.json"
    assert [(sample.name, sample.truth) for sample in samples if not sample.is_wordless] == [
        ("memo.mono.flac", truth),
        ("memo.mono.ogg", truth),
    ]
    assert [sample.name for sample in samples if sample.is_wordless] == list(make_wordless(1.0))

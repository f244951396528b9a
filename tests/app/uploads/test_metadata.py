from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.calls.models import Direction
from app.errors import ValidationFailedError
from app.uploads.metadata import CallMetadata, Wire, last_path_component, read_metadata, validate_metadata


def _problems(mapping: dict[str, object], prefix: str = "metadata.") -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailedError) as caught:
        validate_metadata(mapping, prefix=prefix)
    return [(field["field"], field["message"]) for field in caught.value.details["fields"]]


def test_full_envelope_is_read_and_trimmed() -> None:
    metadata = validate_metadata(
        {
            "title": "  Thursday appointment\t",
            "fileName": "REC_1.m4a",
            "contactName": "Tobias Lind",
            "contactId": "contacts:118",
            "phoneNumber": " +49 30 5550 4471 ",
            "organization": "Lind Woodworks",
            "direction": "OUTGOING",
            "recordedAt": "2026-02-10T08:51:12+01:00",
            "durationSeconds": 31,
            "unknown": {"is": "ignored"},
        },
        prefix="metadata.",
    )

    assert metadata == CallMetadata(
        title="Thursday appointment",
        file_name="REC_1.m4a",
        contact_name="Tobias Lind",
        contact_id="contacts:118",
        phone_number="+49 30 5550 4471",
        organization="Lind Woodworks",
        direction=Direction.OUTGOING,
        recorded_at=datetime(2026, 2, 10, 8, 51, 12, tzinfo=timezone(timedelta(hours=1))),
        duration_seconds=31,
    )
    assert metadata.recorded_at is not None
    assert metadata.recorded_at.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize("nothing", [None, "", " \t\n"], ids=["null", "empty", "blank"])
@pytest.mark.parametrize(
    "name",
    ["title", "fileName", "contactName", "contactId", "phoneNumber", "organization", "direction", "recordedAt"],
)
def test_null_and_blank_mean_missing(name: str, nothing: object) -> None:
    assert validate_metadata({name: nothing}, prefix="") == CallMetadata()


@pytest.mark.parametrize("nothing", [None, "", "  ", 0, 0.0])
def test_unknown_duration(nothing: object) -> None:
    assert validate_metadata({"durationSeconds": nothing}, prefix="") == CallMetadata()


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("title", 300),
        ("fileName", 255),
        ("contactName", 200),
        ("contactId", 200),
        ("phoneNumber", 64),
        ("organization", 200),
    ],
)
def test_texts_have_limits_in_code_points(name: str, limit: int) -> None:
    validate_metadata({name: f" {'🎧' * limit} "}, prefix="")

    problems = _problems({name: "🎧" * (limit + 1)})

    assert problems == [(f"metadata.{name}", f"must have at most {limit} characters")]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "surrogate"])
def test_forbidden_characters_are_refused(text: str) -> None:
    assert [field for field, _ in _problems({"contactName": text})] == ["metadata.contactName"]


@pytest.mark.parametrize(
    ("value", "seconds"), [(3, 3), (3.0, 3), (86_400, 86_400)], ids=["integer", "integral", "greatest"]
)
def test_durations(value: object, seconds: int) -> None:
    assert validate_metadata({"durationSeconds": value}, prefix="").duration_seconds == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3.5, "must be an integer"),
        ("3", "must be an integer"),
        (True, "must be an integer"),
        (float("inf"), "must be an integer"),
        ([3], "must be an integer"),
        (-1, "must be between 0 and 86400"),
        (86_401, "must be between 0 and 86400"),
        (10**30, "must be between 0 and 86400"),
    ],
)
def test_bad_durations(value: object, message: str) -> None:
    assert _problems({"durationSeconds": value}) == [("metadata.durationSeconds", message)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-10T08:51Z", datetime(2026, 2, 10, 8, 51, tzinfo=UTC)),
        ("2026-02-10T08:51:12.5Z", datetime(2026, 2, 10, 8, 51, 12, 500_000, tzinfo=UTC)),
        ("2026-02-10T08:51:12.123456789-05:30", datetime(2026, 2, 10, 14, 21, 12, 123_456, tzinfo=UTC)),
        ("1969-12-31T23:30:00-01:00", datetime(1970, 1, 1, 0, 30, tzinfo=UTC)),
        ("2101-01-01T00:30:00+01:00", datetime(2100, 12, 31, 23, 30, tzinfo=UTC)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    assert validate_metadata({"recordedAt": text}, prefix="").recorded_at == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-10T08:51:12",
        "2026-02-10",
        "2026-02-10 08:51:12Z",
        "2026-02-10T08:51:12z",
        "2026-02-10T08:51:12+0100",
        "2026-02-10T08:51:12+01",
        "2026-02-10T08:51:12+24:00",
        "2026-02-10T08:51:12+01:60",
        "2026-02-10T24:00:00Z",
        "2026-02-30T08:51:12Z",
        "2026-02-10T08:51:60Z",
        "2026-02-10T08:51.5Z",
        " 2026-02-10T08:51:12Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "٢026-02-10T08:51:12Z",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert _problems({"recordedAt": text}) == [("metadata.recordedAt", "must be an ISO-8601 time with Z or an offset")]


@pytest.mark.parametrize("text", ["1970-01-01T00:30:00+01:00", "2100-12-31T23:30:00-01:00", "1969-12-31T23:59:59Z"])
def test_years_are_checked_in_utc(text: str) -> None:
    assert _problems({"recordedAt": text}) == [("metadata.recordedAt", "must be in the years 1970 to 2100")]


@pytest.mark.parametrize("value", ["SIDEWAYS", "incoming", " INCOMING"])
def test_directions_are_compared_exactly(value: str) -> None:
    assert _problems({"direction": value}) == [("metadata.direction", "must be one of INCOMING, OUTGOING, UNKNOWN")]


def test_wrong_types_are_all_listed() -> None:
    problems = _problems(
        {"title": 5, "direction": 1, "recordedAt": True, "organization": [], "contactId": {}}, "input."
    )

    assert problems == [
        ("input.title", "must be a string"),
        ("input.contactId", "must be a string"),
        ("input.organization", "must be a string"),
        ("input.direction", "must be a string"),
        ("input.recordedAt", "must be a string"),
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\calls\\one.mp3", "one.mp3"),
        ("a/b\\c.wav ", "c.wav"),
        ("call 🎧.m4a", "call 🎧.m4a"),
        (" .. ", None),
        ("calls/", None),
        ("", None),
    ],
)
def test_file_names_lose_their_path(sent: str, kept: str | None) -> None:
    assert last_path_component(sent) == kept
    assert validate_metadata({"fileName": sent}, prefix="").file_name == kept


def test_file_name_is_measured_without_its_path() -> None:
    metadata = validate_metadata({"fileName": f"{'d' * 300}/{'f' * 255}"}, prefix="")

    assert metadata.file_name == "f" * 255


@pytest.mark.parametrize(("text", "seconds"), [("31", 31), ("0", None), ("", None)])
def test_form_fields_carry_numbers_as_text(text: str, seconds: int | None) -> None:
    problems: list[object] = []

    metadata = read_metadata({"durationSeconds": text}, problems, prefix="", wire=Wire.FORM)  # type: ignore[arg-type]

    assert (metadata.duration_seconds, problems) == (seconds, [])


@pytest.mark.parametrize("text", ["3.0", "+3", " 3", "three", "9" * 19])
def test_bad_numbers_in_form_fields(text: str) -> None:
    problems = []

    read_metadata({"durationSeconds": text}, problems, prefix="", wire=Wire.FORM)

    assert [problem.field for problem in problems] == ["durationSeconds"]

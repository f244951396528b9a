"""Rows of action items, analysis.md 9; tests Q6 and Q7 as far as they are pure."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.action_items import ActionItemDraft, MalformedAnalysisError, action_item_rows
from tests.app.analysis.transcripts import transcript_of

CALL = transcript_of(
    "Please send the images to intake at linden dash clinic dot example.",
    "I will. The number of the insurer is five five five zero four four seven one.",
    "It has to be there by Wednesday noon. " + "Really. " * 30,
)


def _draft(**item: Any) -> ActionItemDraft:
    (draft,) = action_item_rows({"actionItems": [{"title": "Send it", **item}]}, CALL)
    return draft


def test_item_becomes_a_row() -> None:
    item = {
        "title": " Send the January X-ray images ",
        "description": "Images are needed before the visit.",
        "ownerSpeaker": "Speaker 1",
        "ownerSpeakerId": "spk_1",
        "ownerRole": "CONTACT",
        "dueDate": "2026-02-11",
        "priority": "high",
        "sourceSegmentIds": ["seg_0002", "seg_0099", "seg_0001", "seg_0002"],
        "intent": "email",
        "intentMetadata": {"toEmail": "intake@linden-clinic.example", "toName": "Intake desk", "unknown": 1},
    }

    (draft,) = action_item_rows({"actionItems": [item]}, CALL)

    assert draft.columns() == {
        "title": "Send the January X-ray images",
        "description": "Images are needed before the visit.",
        "due_date": date(2026, 2, 11),
        "priority": "HIGH",
        "owner_speaker_id": "spk_1",
        "owner_speaker_label": "Speaker 1",
        "owner_display_name": "Tobias Lind",
        "owner_role": "CONTACT",
        "owner_speaker_raw": "Speaker 1",
        "source_segment_ids_json": ["seg_0002", "seg_0001"],
        "source_text": "priority=high; segments=seg_0002,seg_0001; "
        'text="I will. The number of the insurer is five five five zero four four seven one."',
        "intent": "email",
        "intent_metadata_json": {"toEmail": "intake@linden-clinic.example", "toName": "Intake desk"},
    }


def test_title_alone_makes_a_row_without_anything_else() -> None:
    (draft,) = action_item_rows({"actionItems": [{"title": "Call back"}]}, CALL)

    assert draft.columns() == {
        "title": "Call back",
        "description": None,
        "due_date": None,
        "priority": None,
        "owner_speaker_id": None,
        "owner_speaker_label": None,
        "owner_display_name": None,
        "owner_role": None,
        "owner_speaker_raw": None,
        "source_segment_ids_json": [],
        "source_text": None,
        "intent": "none",
        "intent_metadata_json": None,
    }


@pytest.mark.parametrize("document", [{}, {"actionItems": None}, {"actionItems": []}])
def test_no_items_make_no_rows(document: dict[str, Any]) -> None:
    assert action_item_rows(document, CALL) == []


@pytest.mark.parametrize("items", ["Call the insurer", {"title": "x"}, 5, True])
def test_items_that_are_no_list_are_malformed(items: Any) -> None:
    with pytest.raises(MalformedAnalysisError):
        action_item_rows({"actionItems": items}, CALL)


def test_description_serves_as_title_and_items_without_both_are_skipped() -> None:
    items = ["text", None, {}, {"title": "  "}, {"title": 5, "description": "d" * 200}]

    (draft,) = action_item_rows({"actionItems": items}, CALL)

    assert (draft.title, draft.description) == ("d" * 120, "d" * 200)


def test_long_title_is_cut() -> None:
    assert _draft(title="t" * 600).title == "t" * 500


def test_exact_twins_are_written_once() -> None:
    items = [
        {"title": "Call", "ownerSpeakerId": "spk_1", "dueDate": "2026-02-11", "priority": "low"},
        {"title": "Call ", "ownerSpeaker": "Speaker 1", "dueDate": "2026-02-11T10:00", "priority": "high"},
        {"title": "Call", "ownerSpeakerId": "spk_2", "dueDate": "2026-02-11"},
        {"title": "Call", "ownerSpeakerId": "spk_1"},
    ]

    drafts = action_item_rows({"actionItems": items}, CALL)

    assert [(draft.owner and draft.owner.speaker_id, draft.due_date, draft.priority) for draft in drafts] == [
        ("spk_1", date(2026, 2, 11), "LOW"),
        ("spk_2", date(2026, 2, 11), None),
        ("spk_1", None, None),
    ]


@pytest.mark.parametrize(
    ("value", "due_date"),
    [
        ("2026-02-11", date(2026, 2, 11)),
        (" 2026-02-11T23:30:00+01:00 ", date(2026, 2, 11)),
        ("2026-02-11T08:00:00Z", date(2026, 2, 11)),
        ("2026-02-30", None),
        ("2026-2-1", None),
        ("20260211", None),
        ("2026-02-11 or so", None),
        ("Wednesday", None),
        (20260211, None),
        (None, None),
    ],
)
def test_only_a_real_date_is_a_due_date(value: Any, due_date: date | None) -> None:
    assert _draft(dueDate=value).due_date == due_date


@pytest.mark.parametrize(
    ("value", "priority"), [("Medium", "MEDIUM"), (" low ", "LOW"), ("urgent", None), (1, None), (None, None)]
)
def test_priority_is_one_of_three(value: Any, priority: str | None) -> None:
    assert _draft(priority=value).priority == priority


def test_quote_is_cut_and_absent_parts_are_left_out() -> None:
    assert (
        _draft(sourceSegmentIds=["seg_0003"]).source_text == f'segments=seg_0003; text="{CALL.segments[2].text[:160]}"'
    )
    assert _draft(sourceSegmentIds="seg_0003", priority="low").source_text == "priority=low"


def test_unmatched_owner_is_kept_for_diagnosis_only() -> None:
    draft = _draft(ownerSpeaker="someone from the office")

    assert (draft.owner, draft.owner_speaker_raw) == (None, "someone from the office")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"toEmail": "somebody@else.example", "subject": "Images"}, {"subject": "Images"}),
        (
            {"attendees": [{"name": "Bo", "email": "bo@x.example"}, {"email": "a@b.example"}, "Al", {"name": " "}]},
            {"attendees": [{"name": "Bo"}]},
        ),
        (
            {"attendees": [{"name": "Intake", "email": "intake@linden-clinic.example"}]},
            {"attendees": [{"name": "Intake", "email": "intake@linden-clinic.example"}]},
        ),
        ({"attendees": "Bo"}, None),
        (
            {"phoneNumber": "5550 4471", "contactName": "Insurer"},
            {"phoneNumber": "5550 4471", "contactName": "Insurer"},
        ),
        ({"phoneNumber": "5550 4479"}, None),
        ({"providerHint": "Zoom", "channel": "signal"}, {"providerHint": "zoom"}),
        ({"providerHint": "webex", "channel": "whatsapp"}, {"channel": "whatsapp"}),
        ({"proposedAt": "2026-02-12T16:30:00+01:00"}, {"proposedAt": "2026-02-12T16:30:00+01:00"}),
        ({"proposedAt": "next Tuesday", "remindAt": "2026-02-12"}, None),
        ({"durationMinutes": 30}, {"durationMinutes": 30}),
        ({"durationMinutes": 0}, None),
        ({"durationMinutes": 1441}, None),
        ({"durationMinutes": True}, None),
        ({"durationMinutes": "30"}, None),
        ({"title": None, "notes": 5, "location": " ", "handle": "@bo", "extra": "x"}, {"handle": "@bo"}),
        ([], None),
        (None, None),
    ],
)
def test_metadata_is_checked_member_by_member(given: Any, kept: dict[str, Any] | None) -> None:
    assert _draft(intent="meeting", intentMetadata=given).intent_metadata == kept


@pytest.mark.parametrize("intent", [None, "party", 5, "none"])
def test_unknown_intent_is_none_without_metadata(intent: Any) -> None:
    draft = _draft(intent=intent, intentMetadata={"title": "x"})

    assert (draft.intent, draft.intent_metadata) == ("none", None)


def test_nul_does_not_reach_a_row() -> None:
    draft = _draft(title="a\x00b", description="c\x00", ownerSpeaker="d\x00")

    assert (draft.title, draft.description, draft.owner_speaker_raw) == ("ab", "c", "d")


KEYS = (
    "title", "description", "ownerSpeaker", "ownerSpeakerId", "ownerSpeakerLabel", "ownerDisplayName", "ownerRole",
    "dueDate", "priority", "sourceSegmentIds", "intent", "intentMetadata",
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["meeting", "seg_0001"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*KEYS, "attendees", "name", "toEmail"]), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(anything | st.dictionaries(st.sampled_from(KEYS), anything), max_size=4))
def test_no_item_of_wrong_types_raises(items: list[Any]) -> None:
    drafts = action_item_rows({"actionItems": items}, CALL)

    assert len(drafts) <= len(items)

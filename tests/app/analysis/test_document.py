"""Reading and serving artifacts: analysis.md, sections 7 and 8; test Q2 and Q8 as far as they are pure."""

from copy import deepcopy
from typing import Any

import pytest

from app.analysis.document import InvalidAnalysisError, parse_analysis, serve_document

V3 = {
    "schemaVersion": 3,
    "oneLineSummary": "The appointment moves.",
    "executiveSummary": "It had to move. It was moved.",
    "executiveSummaryBullets": [{"header": "Clash", "startTimestamp": "00:06", "paragraphs": ["It moved."]}],
    "sections": [
        {"id": "sec_001", "items": [{"text": "First.", "importance": "high"}, {"text": "No.", "importance": "low"}]},
        {"id": "sec_002", "items": [{"text": "Second.", "importance": "High"}]},
    ],
    "mood": 7,
}


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1.50, "b": null}',
        b'```json\n{"a": 1.50, "b": null}\n```',
        b'\n ```JSON\n{"a": 1.50,\n "b": null}```\n\n',
        b'```\n{"a": 1.50, "b": null}\n```',
    ],
)
def test_fence_around_an_analysis_does_not_count(content: bytes) -> None:
    assert parse_analysis(content) == {"a": 1.5, "b": None}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": 1} {"b": 2}',
        b'Here you are: {"a": 1}',
        b"[" * 100_000,
    ],
)
def test_anything_but_one_object_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidAnalysisError):
        parse_analysis(content)


def test_refusal_does_not_quote_the_content() -> None:
    with pytest.raises(InvalidAnalysisError) as refused:
        parse_analysis(b'{"secret": "Tobias",}')

    assert str(refused.value) == "JSONDecodeError"
    assert refused.value.__cause__ is None


def test_current_document_gets_three_aliases() -> None:
    stored = deepcopy(V3)

    served = serve_document(stored, 3)

    assert stored == V3
    assert served == {
        **V3,
        "shortSummary": "The appointment moves.",
        "detailedSummary": "It had to move. It was moved.",
        "keyPoints": ["First.", "Second."],
    }


@pytest.mark.parametrize(
    ("document", "served"),
    [
        (
            {"schemaVersion": 1, "oneLineSummary": "A.", "sentiment": {"overall": "neutral", "reason": "B"}},
            {
                "schemaVersion": 1,
                "oneLineSummary": "A.",
                "sentiment": {"overall": "neutral", "reason": "B"},
                "shortSummary": "A.",
            },
        ),
        (
            {"schemaVersion": 2, "executiveSummary": "A.", "executiveSummaryBullets": [{"text": "x"}]},
            {
                "schemaVersion": 2,
                "executiveSummary": "A.",
                "executiveSummaryBullets": [{"text": "x"}],
                "detailedSummary": "A.",
            },
        ),
        ({"shortSummary": "A.", "keyPoints": ["x"]}, {"shortSummary": "A.", "keyPoints": ["x"]}),
        ({"actionItems": []}, {"actionItems": []}),
        ({"oneLineSummary": None}, {"oneLineSummary": None, "schemaVersion": 2}),
        (
            {"oneLineSummary": "A.", "shortSummary": None, "sections": [], "keyPoints": ["kept"]},
            {
                "oneLineSummary": "A.",
                "shortSummary": None,
                "sections": [],
                "keyPoints": ["kept"],
                "schemaVersion": 2,
            },
        ),
    ],
    ids=["v1", "v2", "legacy", "legacy-sparse", "null-source", "aliases-there"],
)
def test_each_version_is_served_in_its_own_shape(document: dict[str, Any], served: dict[str, Any]) -> None:
    assert serve_document(document, 2) == served


def test_version_that_nobody_knows_is_not_invented() -> None:
    assert serve_document({"sections": []}, None) == {"sections": [], "keyPoints": []}


@pytest.mark.parametrize(
    "sections",
    [
        None,
        "text",
        [1, None, {"items": None}],
        [{"items": [1, "x", {"importance": "high"}, {"text": 5, "importance": "high"}]}],
        [{"items": [{"text": "x", "importance": None}]}],
    ],
)
def test_sections_of_wrong_types_give_no_key_points(sections: Any) -> None:
    assert serve_document({"sections": sections}, None)["keyPoints"] == []

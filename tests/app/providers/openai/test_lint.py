from typing import Any

import orjson
import pytest

from app.providers.openai.lint import names_speakers


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, False),
        ({"oneLineSummary": "A price is to be sent."}, False),
        ({"oneLineSummary": "Speaker 1 sends a price."}, True),
        ({"executiveSummary": "What speaker 12 said."}, True),
        ({"executiveSummaryBullets": [{"header": "A", "paragraphs": ["B.", "Speaker 2 left."]}]}, True),
        ({"sections": [{"items": [{"text": "Speaker 2 left."}]}]}, True),
        ({"keyDiscussionPoints": [{"text": "A", "speakerLabel": "Speaker 1"}]}, False),
        ({"sections": [{"items": [{"text": "A", "speaker": "Speaker 1"}]}]}, False),
        ({"actionItems": [{"title": "A", "ownerSpeaker": "Speaker 1"}]}, False),
        ({"oneLineSummary": "The loudspeaker 3000 and the Speaker."}, False),
        ({"oneLineSummary": 7, "sections": "Speaker", "executiveSummary": None}, False),
    ],
    ids=str,
)
def test_generic_labels_in_prose_are_found(document: dict[str, Any], expected: bool) -> None:
    assert names_speakers(document) is expected


def test_deepest_document_that_can_be_read_is_looked_through() -> None:
    depth = 1000
    document = orjson.loads(b'{"sections":%b"Speaker 1 left."%b}' % (b"[" * depth, b"]" * depth))

    assert names_speakers(document)

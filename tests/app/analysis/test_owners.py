"""Owner mapping, analysis.md 9.1."""

from dataclasses import replace
from typing import Any

import pytest

from app.analysis.owners import Owner, find_owner
from app.pipeline.transcript import Speaker, SpeakerRole
from tests.app.analysis.transcripts import MEERA, NAMELESS, TOBIAS

TOBIAS_OWNER = Owner("spk_1", "Speaker 1", "Tobias Lind", SpeakerRole.CONTACT)
MEERA_OWNER = Owner("spk_2", "Speaker 2", "Meera Nair", SpeakerRole.USER)


@pytest.mark.parametrize(
    ("item", "owner"),
    [
        ({"ownerSpeakerId": "spk_2"}, MEERA_OWNER),
        ({"ownerSpeakerId": "spk_9", "ownerSpeakerLabel": "speaker 1"}, TOBIAS_OWNER),
        ({"ownerSpeakerLabel": " TOBIAS LIND "}, TOBIAS_OWNER),
        ({"ownerSpeaker": "someone from the office"}, None),
        ({"ownerSpeaker": "Speaker 2"}, MEERA_OWNER),
        ({"ownerDisplayName": "meera nair"}, MEERA_OWNER),
        ({"ownerDisplayName": "Meera"}, MEERA_OWNER),
        ({"ownerDisplayName": "Meera Patel"}, None),
        ({"ownerDisplayName": "Nair"}, None),
        ({"ownerRole": "contact"}, TOBIAS_OWNER),
        ({"ownerRole": "UNKNOWN"}, None),
        ({"ownerSpeakerId": "spk_1", "ownerSpeakerLabel": "Speaker 2"}, TOBIAS_OWNER),
        ({"ownerSpeakerId": "spk_1", "ownerRole": "USER"}, TOBIAS_OWNER),
        ({"ownerSpeakerId": 1, "ownerSpeakerLabel": ["Speaker 1"], "ownerDisplayName": {}, "ownerRole": 5}, None),
        ({}, None),
    ],
)
def test_first_rule_that_hits_wins(item: dict[str, Any], owner: Owner | None) -> None:
    assert find_owner(item, (TOBIAS, MEERA)) == owner


def test_role_without_a_speaker_of_that_role_finds_nobody() -> None:
    assert find_owner({"ownerRole": "USER"}, (TOBIAS, NAMELESS)) is None


def test_role_of_several_speakers_finds_nobody() -> None:
    assert find_owner({"ownerRole": "CONTACT"}, (TOBIAS, replace(MEERA, role=SpeakerRole.CONTACT))) is None


def test_items_role_fills_in_where_the_speakers_is_unknown() -> None:
    item = {"ownerSpeakerId": "spk_2", "ownerRole": "user"}

    assert find_owner(item, (TOBIAS, NAMELESS)) == Owner("spk_2", "Speaker 2", None, SpeakerRole.USER)


def test_unknown_role_stays_unknown() -> None:
    item = {"ownerSpeakerId": "spk_2", "ownerRole": "BOSS"}

    assert find_owner(item, (TOBIAS, NAMELESS)) == Owner("spk_2", "Speaker 2", None, SpeakerRole.UNKNOWN)


def test_name_of_two_speakers_finds_nobody() -> None:
    namesakes = (TOBIAS, Speaker(2, "SPEAKER_00", "Tobias Berg"))

    assert find_owner({"ownerDisplayName": "Tobias"}, namesakes) is None
    assert find_owner({"ownerDisplayName": "Tobias Berg"}, namesakes) == Owner(
        "spk_2", "Speaker 2", "Tobias Berg", SpeakerRole.UNKNOWN
    )


def test_organisation_of_a_speaker_is_no_last_name() -> None:
    speakers = (replace(TOBIAS, display_name="Tobias Lind (Veritas Labs)"), MEERA)

    owner = find_owner({"ownerDisplayName": "Tobias Lind"}, speakers)

    assert owner == Owner("spk_1", "Speaker 1", "Tobias Lind (Veritas Labs)", SpeakerRole.CONTACT)

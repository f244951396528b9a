"""`OpenAiSpeakerNamer` against a strict double of the service."""

import json
from typing import Any

import pytest

from app.providers.openai.chat import ChatModel
from app.providers.openai.naming import OpenAiSpeakerNamer, UnusableNamesError
from app.providers.protocols import NameSuggestion
from app.providers.sending import ProviderFault
from tests.app.pipeline.speakers.conversations import conversation
from tests.app.providers.openai.conftest import MakeModel
from tests.app.providers.openai.models import SHORT_SECONDS, Pauses
from tests.doubles.http_double import Cut, Failure
from tests.doubles.openai import (
    CUT,
    FILTERED,
    PROSE,
    REFUSAL,
    Completion,
    OpenAi,
    ServerKind,
    rate_limit,
)

CALL = conversation((1, "Hello."), (2, "Oh, and I'm Anneke, by the way."))
ANNEKE: dict[str, Any] = {
    "speakerId": "spk_2",
    "name": "Anneke",
    "role": "UNKNOWN",
    "confidence": "HIGH",
    "segmentId": "seg_0002",
    "quote": "I'm Anneke",
}
SUGGESTION = NameSuggestion("spk_2", "Anneke", "UNKNOWN", "HIGH", "seg_0002", "I'm Anneke")


@pytest.fixture
def namer(service: OpenAi, model: ChatModel, pauses: Pauses) -> OpenAiSpeakerNamer:
    service.completion = says(ANNEKE)
    return OpenAiSpeakerNamer(model, sleep=pauses)


def says(*speakers: object) -> Completion:
    return Completion(json.dumps({"speakers": speakers}))


async def test_suggestions_come_as_the_model_made_them(service: OpenAi, namer: OpenAiSpeakerNamer) -> None:
    assert await namer.suggest_names(CALL) == (SUGGESTION,)

    (body,) = service.asked
    assert body["response_format"]["type"] == "json_schema"
    assert "Oh, and I'm Anneke, by the way." in body["messages"][1]["content"]


@pytest.mark.parametrize("kind", [ServerKind.JSON_OBJECT_ONLY, ServerKind.TEXT_ONLY])
async def test_servers_without_schemas_are_asked_in_words(
    service: OpenAi, namer: OpenAiSpeakerNamer, kind: ServerKind
) -> None:
    service.kind = kind
    service.completion = Completion(f"```json\n{json.dumps({'speakers': [ANNEKE]})}\n```")

    assert await namer.suggest_names(CALL) == (SUGGESTION,)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({**ANNEKE, "confidence": "high", "role": "contact"}, [("CONTACT", "HIGH", "seg_0002")]),
        ({**ANNEKE, "role": None, "segmentId": None, "mood": 7}, [(None, "HIGH", None)]),
        ({**ANNEKE, "name": None}, []),
        ({"speakerId": "spk_1"}, []),
    ],
    ids=["other case", "nulls", "no name", "sparse"],
)
async def test_answer_is_read_tolerantly(
    service: OpenAi, namer: OpenAiSpeakerNamer, given: object, expected: list[tuple[str | None, ...]]
) -> None:
    service.completion = says(given)

    suggestions = await namer.suggest_names(CALL)

    assert [(found.role, found.confidence, found.segment_id) for found in suggestions] == expected


@pytest.mark.parametrize(
    "completion",
    [REFUSAL, CUT, FILTERED, PROSE, says("spk_2"), says({**ANNEKE, "name": 7}), Completion("{}"), Completion("[]"),
     Completion('{"speakers": {"spk_2": "Anneke"}}'), Completion('{"speakers": NaN}')],
)  # fmt: skip
async def test_unusable_answer_is_an_error_without_its_words(
    service: OpenAi, namer: OpenAiSpeakerNamer, completion: Completion
) -> None:
    service.completion = completion

    with pytest.raises(UnusableNamesError) as caught:
        await namer.suggest_names(CALL)

    assert "Anneke" not in str(caught.value)
    assert len(service.requests) == 1


@pytest.mark.parametrize("failure", [Failure.SERVER_ERROR, Failure.UNAVAILABLE, Failure.CLOSED_CONNECTION, Cut.RESET])
async def test_outage_is_forgiven_once(
    service: OpenAi, namer: OpenAiSpeakerNamer, pauses: Pauses, failure: Failure | Cut
) -> None:
    service.upcoming.append(failure)

    assert await namer.suggest_names(CALL) == (SUGGESTION,)
    assert [1.5 <= pause <= 2.5 for pause in pauses.seconds] == [True]


async def test_lasting_outage_is_an_error(service: OpenAi, namer: OpenAiSpeakerNamer) -> None:
    service.failure = Failure.UNAVAILABLE

    with pytest.raises(ProviderFault):
        await namer.suggest_names(CALL)

    assert len(service.requests) == 2


async def test_rate_limit_is_not_waited_for(service: OpenAi, namer: OpenAiSpeakerNamer) -> None:
    service.failure = rate_limit("1")

    with pytest.raises(ProviderFault):
        await namer.suggest_names(CALL)

    assert len(service.requests) == 1


async def test_timeout_is_not_repeated(service: OpenAi, make_model: MakeModel) -> None:
    service.failure = Cut.DRIP

    with pytest.raises(ProviderFault):
        await OpenAiSpeakerNamer(make_model(service, timeout_seconds=SHORT_SECONDS)).suggest_names(CALL)

    assert len(service.requests) == 1


async def test_nothing_said_in_time_is_not_asked_about(service: OpenAi, namer: OpenAiSpeakerNamer) -> None:
    assert await namer.suggest_names(conversation((1, "Hello.", 700.0))) == ()
    assert service.requests == []

"""What is found out about the providers, with one request each. Source: pipeline.md, section 7."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.checking.asking import ANSWER_SECONDS
from app.checking.engines import check_analysis, check_diarization, check_transcription, check_voices
from app.checking.running import CHECK_SECONDS, check_everything
from app.checking.verdicts import Finding, State, Verdict
from app.providers.sending import open_http_client
from app.settings import load_settings
from tests.app.checking.doors import KEY, Door, LemonfoxDoor, ModelsDoor, PyannoteDoor
from tests.doubles.http_double import Answer, Cut, Failure, json_answer

WRONG_KEY = "sk-the-wr0ng-key"


@dataclass(frozen=True)
class Case:
    """A service behind a door, and the variables that lead there."""

    name: str
    door: type[Door]
    url_field: str
    key_field: str
    title: str
    others: dict[str, Any]

    def settings(self, door: Door, key: str = KEY) -> dict[str, Any]:
        return {self.url_field: door.url, self.key_field: key, **self.others}


CASES = (
    Case("transcription", LemonfoxDoor, "lemonfox_base_url", "lemonfox_api_key", "Lemonfox", {}),
    Case("diarization", PyannoteDoor, "pyannote_base_url", "pyannote_api_key", "pyannoteAI", {}),
    Case(
        "voices",
        PyannoteDoor,
        "pyannote_base_url",
        "pyannote_api_key",
        "pyannoteAI",
        {"voice_embedding_enabled": True, "diarization_provider": "none"},
    ),
    Case("analysis", ModelsDoor, "llm_base_url", "llm_api_key", "The model server", {}),
)


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def door(case: Case) -> Iterator[Door]:
    with case.door() as opened:
        yield opened


Check = Callable[..., Awaitable[Verdict]]


@pytest.fixture(scope="module")
async def check() -> AsyncIterator[Check]:
    """Takes the name of a check and settings; whatever comes of it, no key, address or answer may show up there."""
    checks = {
        "transcription": check_transcription,
        "diarization": check_diarization,
        "voices": check_voices,
        "analysis": check_analysis,
    }
    async with open_http_client() as http:

        async def check_one(name: str, **values: Any) -> Verdict:
            verdict = await checks[name](load_settings(**values), http)
            text = f"{verdict.what} {verdict.cure}"
            assert [secret for secret in (KEY, WRONG_KEY, "Incorrect", "Sign in", "http:") if secret in text] == []
            return verdict

        yield check_one


async def test_right_key_is_ok_after_one_request(check: Check, case: Case, door: Door) -> None:
    verdict = await check(case.name, **case.settings(door))

    assert verdict.state is State.OK
    assert verdict.what.startswith(f"{case.title} at 127.0.0.1 takes the key")
    assert [f"{request.method} {request.path}" for request in door.requests] == [f"{door.method} {door.path}"]


async def test_wrong_key_is_told_with_the_variable_that_holds_it(check: Check, case: Case, door: Door) -> None:
    verdict = await check(case.name, **case.settings(door, WRONG_KEY))

    assert verdict == Verdict(
        State.FAILED,
        f"{case.title} at 127.0.0.1 refuses the key (401)",
        f"set {case.key_field.upper()} to a valid key",
    )


async def test_server_that_is_not_there_is_told_with_the_variable_that_leads_to_it(
    check: Check, case: Case, door: Door
) -> None:
    door.close()

    verdict = await check(case.name, **case.settings(door))

    assert verdict == Verdict(
        State.FAILED,
        f"{case.title} at 127.0.0.1 cannot be reached",
        f"check {case.url_field.upper()}, and the network",
    )


@pytest.mark.parametrize(
    ("failure", "state", "what"),
    [
        (Failure.HTML, State.FAILED, "answers, but not as that service does"),
        (Failure.BROKEN_JSON, State.FAILED, "answers, but not as that service does"),
        (Failure.CLOSED_CONNECTION, State.FAILED, "cannot be reached"),
        (Failure.SERVER_ERROR, State.FAILED, "is out of order (500)"),
        (Failure.UNAVAILABLE, State.FAILED, "is out of order (503)"),
        (json_answer({}, 402), State.FAILED, "asks for payment (402)"),
        (json_answer({}, 429), State.WARNING, "takes no more requests just now (429)"),
        (Answer(302, b"", headers={"Location": "http:"}), State.FAILED, "knows no such endpoint (302)"),
    ],
    ids=["html", "broken json", "closed", "500", "503", "402", "429", "redirect"],
)
async def test_answers_that_are_no_use_are_told_apart(
    check: Check, case: Case, door: Door, failure: Failure | Answer, state: State, what: str
) -> None:
    door.failure = failure

    verdict = await check(case.name, **case.settings(door))

    assert (verdict.state, verdict.what) == (state, f"{case.title} at 127.0.0.1 {what}")


@pytest.mark.parametrize("is_dripping", [True, False], ids=["drip", "silence"])
async def test_server_that_never_finishes_costs_no_more_than_the_time_of_a_check(is_dripping: bool) -> None:
    with ModelsDoor() as door:
        if is_dripping:
            # Only the body of a good answer is waited for.
            door.failure = Answer(200, b"{" * 1000, cut=Cut.DRIP)
        else:
            door.hold()
        findings = await check_everything(load_settings(llm_base_url=door.url, llm_api_key=KEY), seconds=0.5)

    expected = Verdict(State.FAILED, "no answer within 0.5 s", "check its address, and the network")
    assert Finding("analysis", expected) in findings


def test_service_that_does_not_answer_is_named_before_its_check_is_given_up() -> None:
    assert ANSWER_SECONDS < CHECK_SECONDS


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_model_server_without_a_list_of_models_is_reachable(check: Check, status: int) -> None:
    with ModelsDoor() as door:
        door.failure = json_answer({}, status)
        verdict = await check("analysis", llm_base_url=door.url, llm_api_key=KEY)

    assert verdict == Verdict(
        State.WARNING,
        "The model server at 127.0.0.1 is reachable; it lists no models, so that key and model could not be tried",
        "if analyses fail, check LLM_BASE_URL, which mostly ends in /v1",
    )


@pytest.mark.parametrize(
    ("answer", "model", "what", "cure"),
    [
        (None, "gpt-9", "takes the key, and does not list gpt-9", "check LLM_MODEL"),
        (
            json_answer({}, 403),
            "gpt-9",
            "does not let this key list models (403)",
            "check LLM_API_KEY if analyses fail",
        ),
    ],
    ids=["unlisted model", "key without that right"],
)
async def test_what_a_list_of_models_cannot_prove_is_a_warning(
    check: Check, answer: Answer | None, model: str, what: str, cure: str
) -> None:
    with ModelsDoor() as door:
        door.failure = answer
        verdict = await check("analysis", llm_base_url=door.url, llm_api_key=KEY, llm_model=model)

    assert verdict == Verdict(State.WARNING, f"The model server at 127.0.0.1 {what}", cure)


@pytest.mark.parametrize(
    ("name", "values", "variable"),
    [
        ("transcription", {"transcription_provider": "lemonfox"}, "LEMONFOX_API_KEY"),
        ("diarization", {"diarization_provider": "pyannote"}, "PYANNOTE_API_KEY"),
        ("analysis", {"llm_provider": "openai"}, "LLM_API_KEY"),
    ],
)
async def test_provider_that_is_chosen_without_a_key_fails(
    check: Check, name: str, values: dict[str, Any], variable: str
) -> None:
    verdict = await check(name, **values)

    assert verdict.state is State.FAILED
    assert (verdict.cure or "").startswith(f"set {variable}")


@pytest.mark.parametrize(
    ("name", "values", "state", "what"),
    [
        ("diarization", {"diarization_provider": "none"}, State.OFF, "one speaker"),
        ("diarization", {"pyannote_enabled": True}, State.WARNING, "PYANNOTE_ENABLED is set, without a key"),
        ("diarization", {}, State.OK, "local: clustering of voices"),
        ("transcription", {}, State.OK, "local: "),
        ("analysis", {}, State.OK, "local: extractive"),
        ("voices", {}, State.OFF, "SCRYON_VOICE_EMBEDDING_ENABLED is not set"),
        ("voices", {"voice_embedding_enabled": True}, State.WARNING, "switched on, without a key"),
    ],
)
async def test_engines_of_this_machine_ask_nobody(
    check: Check, name: str, values: dict[str, Any], state: State, what: str
) -> None:
    verdict = await check(name, **values)

    assert verdict.state is state
    assert verdict.what.startswith(what)


async def test_labels_of_the_transcription_serve_as_diarization(check: Check) -> None:
    with LemonfoxDoor() as door:
        verdict = await check("diarization", lemonfox_base_url=door.url, lemonfox_api_key=KEY)

    assert verdict == Verdict(State.OK, "the speakers of the transcription provider")

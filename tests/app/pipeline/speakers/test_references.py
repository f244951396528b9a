"""Whose name it is that somebody says; what rule 4 concludes from it. Source: transcript.md, section 5.5."""

import pytest

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.naming import Naming
from app.pipeline.speakers.references import Person, find_references
from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import MEERA_AND_TOBIAS, NOTHING, Line, conversation, described


def _persons(*lines: Line, context: SpeakerContext = MEERA_AND_TOBIAS) -> list[Person]:
    return [reference.person for reference in find_references(Naming(conversation(*lines), context), [])]


@pytest.mark.parametrize(
    "text",
    [
        "As I told you, Tobias, it is closed.",
        "Tobias, can you come?",
        "Tobias can you come",
        "Tobias is it late",
        "Thank you Tobias.",
        "Bye, Mr. Tobias Lind.",
        "Is that Tobias?",
        "Am I talking to Tobias?",
        "Are you, um, Tobias?",
        "Please call, Tobias.",
        "And Tobias, please be there.",
    ],
)
def test_name_that_is_said_to_its_owner(text: str) -> None:
    assert _persons((1, "So be it."), (2, text), (1, "Yes.")) == [Person.LISTENER]


@pytest.mark.parametrize(
    "text",
    [
        "I spoke to Tobias yesterday.",
        "Tell Tobias hello.",
        "This is for Tobias.",
        "I asked uh Mr. Tobias about it.",
        "Tobias said so.",
        "Tobias will come, too.",
        "It is Tobias's car.",
        "Is Tobias there?",
        "Where is Tobias?",
        "Can I speak to Tobias, please?",
        "Tobias, it's for you.",
        "Tobias, telephone, quickly.",
        "She came in and said hello Tobias.",
        "I am not Tobias.",
        "It begins with, dear Tobias, and then the prices.",
        "At the end it says, kind regards, Tobias.",
    ],
)
def test_name_of_somebody_who_is_talked_about(text: str) -> None:
    assert _persons((1, "So be it."), (2, text), (1, "I see that.")) == [Person.THIRD]


@pytest.mark.parametrize(
    "text",
    [
        "Violence is Tobias hi I am calling.",
        "It's me, Tobias.",
        "Sorry to disturb you, Tobias here again.",
        "So this uh is Tobias Tobias from the first floor.",
        "This is Tobias?",
    ],
)
def test_name_that_may_be_the_speakers_own(text: str) -> None:
    assert set(_persons((1, "So be it."), (2, text), (1, "I see that."))) == {Person.SPEAKER}


@pytest.mark.parametrize("text", ["There will be Nadia, Tobias and two students.", "We are Nadia or Tobias."])
def test_name_in_a_list(text: str) -> None:
    assert _persons((1, "So be it."), (2, text), (1, "I see that.")) == [Person.SEVERAL]


@pytest.mark.parametrize("question", ["May I have your name please?", "Who is calling?", "Under what name?"])
def test_answer_to_a_question_for_the_name(question: str) -> None:
    assert _persons((1, question), (2, "Tobias Lind. And the number is five.")) == [Person.SPEAKER]


def test_name_alone_as_first_words_of_the_call() -> None:
    assert _persons((1, "Tobias Lind, good morning."), (2, "I see.")) == [Person.SPEAKER]
    assert _persons((1, "Tobias?"), (2, "I see.")) == [Person.LISTENER]


@pytest.mark.parametrize(
    ("question", "answer", "person"),
    [
        ("Can I speak to Tobias?", "Yes, speaking.", Person.LISTENER),
        ("Is Tobias there?", "That's me.", Person.LISTENER),
        ("Is Tobias there?", "Yes, one moment.", Person.THIRD),
        ("Is that Tobias?", "No, he is out.", Person.THIRD),
        ("Is this Tobias?", "Sorry, wrong number.", Person.THIRD),
    ],
)
def test_answer_tells_whether_it_is_the_one_who_was_asked_for(question: str, answer: str, person: Person) -> None:
    assert _persons((1, question), (2, answer)) == [person]


def test_name_at_a_cut_through_a_sentence_may_belong_to_the_other_half() -> None:
    cut = _persons((1, "Perfect. Bye", 0.0), (2, "Tobias. See you later.", 2.5))

    assert cut == [Person.SPEAKER]
    assert _persons((1, "Perfect. Bye", 0.0), (2, "Tobias. See you later.", 3.0)) == [Person.LISTENER]
    assert _persons((1, "Perfect. Bye.", 0.0), (2, "Tobias. See you later.", 2.5)) == [Person.LISTENER]


def test_company_is_neither_spoken_to_nor_talked_about() -> None:
    context = SpeakerContext("Meera Nair", "Veritas Labs")

    assert _persons((1, "Good morning, Veritas Labs, how can I help?"), (2, "Hm."), context=context) == []


@pytest.mark.parametrize("text", ["I spoke to Tobias yesterday.", "It's me, Tobias.", "Tobias, it's for you."])
def test_no_role_follows_from_a_name_that_is_not_said_to_its_owner(text: str) -> None:
    resolved = resolve_speakers(conversation((1, "So be it."), (2, text)), MEERA_AND_TOBIAS)

    assert (described(resolved, 1), described(resolved, 2)) == (NOTHING, NOTHING)


def test_contact_who_is_only_talked_about_is_not_the_one_on_the_line() -> None:
    call = conversation((1, "This is Tobias's phone."), (2, "Hello, this is Meera."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == ("CONTACT", None, "MEDIUM", "BY_ELIMINATION")
    assert described(resolved, 2) == ("USER", "Meera Nair", "HIGH", "SELF_INTRODUCTION")


def test_contact_who_is_talked_about_and_spoken_to_is_on_the_line() -> None:
    call = conversation((1, "Is Tobias there?"), (2, "I get him."), (1, "Hi Tobias, this is Meera."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 2)[:2] == ("CONTACT", "Tobias Lind")


def test_name_of_the_user_does_not_depend_on_who_is_talked_about() -> None:
    call = conversation((1, "This is Tobias calling for Meera."), (2, "I see."))

    assert described(resolve_speakers(call, MEERA_AND_TOBIAS), 2)[:2] == ("USER", "Meera Nair")

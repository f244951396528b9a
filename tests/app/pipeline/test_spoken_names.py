import pytest

from app.pipeline.first_names import EVERYDAY_NAMES, FIRST_NAMES
from app.pipeline.spoken_names import capitalize, capitalize_names


def _write(*sentences: str, known: tuple[str, ...] = ()) -> list[str]:
    return [" ".join(words) for words in capitalize_names([sentence.split() for sentence in sentences], known)]


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("and i know i'm late", "and I know I'm late"),
        ("on friday in january", "on Friday in January"),
        ("i may come in may", "I may come in May"),
        ("march on until march third", "march on until March third"),
        ("you may first want to see", "you may first want to see"),
    ],
    ids=["I", "days and months", "may", "march", "a verb before an ordinal"],
)
def test_days_months_and_i_have_capitals(spoken: str, written: str) -> None:
    assert _write(spoken) == [written]


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("this is robert from sales", "this is Robert from sales"),
        ("my name is grace", "my name is Grace"),
        ("you are speaking with susan", "you are speaking with Susan"),
        ("you're talking to susan", "you're talking to Susan"),
        ("i'm nadia", "I'm Nadia"),
        ("mera naam priya hai", "mera naam Priya hai"),
        ("main rahul bol raha hoon", "main Rahul bol raha hoon"),
        ("susan speaking", "Susan speaking"),
        ("yes susan here", "yes Susan here"),
        ("hello susan", "hello Susan"),
        ("good morning mr robert", "good morning mr Robert"),
        ("hi jack how are you", "hi Jack how are you"),
        ("this is alice's phone", "this is Alice's phone"),
        ("this is mark from sales", "this is Mark from sales"),
    ],
)
def test_first_name_in_its_place_has_a_capital(spoken: str, written: str) -> None:
    assert _write(spoken) == [written]


@pytest.mark.parametrize(
    "spoken",
    ["hello will you come", "this is mark two", "susan left", "this is great", "we hope so", "wait here"],
)
def test_word_that_may_be_no_name_stays(spoken: str) -> None:
    assert _write(spoken) == [spoken]


def test_first_name_that_was_introduced_has_a_capital_in_the_whole_call() -> None:
    assert _write("thank you susan", "my name is susan", "my name is grace", "what grace") == [
        "thank you Susan",
        "my name is Susan",
        "my name is Grace",
        "what grace",
    ]


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("then meera said", "then Meera said"),
        ("meera nair's office", "Meera Nair's office"),
        ("mrs nair called", "mrs Nair called"),
        ("a nair is here", "a nair is here"),
        ("tobias mcdonald and bo", "Tobias McDonald and bo"),
        ("will and bill will pay", "will and bill will pay"),
        ("will smith paid", "Will Smith paid"),
        ("the program", "the program"),
    ],
    ids=[
        "first name anywhere",
        "full name, possessive",
        "surname after an honorific",
        "surname alone",
        "stored spelling",
        "an everyday word",
        "an everyday word in a full name",
        "never a part of a word",
    ],
)
def test_known_name_is_written_as_it_is_stored(spoken: str, written: str) -> None:
    assert _write(spoken, known=("Mrs. meera Nair", "Tobias McDonald", "Will Smith", "ram")) == [written]


def test_known_name_without_letters_is_no_name() -> None:
    assert _write("four four seven", known=("+49 30 4471", "")) == ["four four seven"]


@pytest.mark.parametrize(("word", "written"), [("hi", "Hi"), ("'cause", "'Cause"), ("o'neil", "O'neil"), ("25", "25")])
def test_first_letter_becomes_a_capital(word: str, written: str) -> None:
    assert capitalize(word) == written


def test_lists_of_names_are_apart() -> None:
    assert FIRST_NAMES.isdisjoint(EVERYDAY_NAMES)

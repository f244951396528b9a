import pytest

from app.pipeline.speakers.namesakes import may_be_same
from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import MEERA_ALONE, conversation, described


@pytest.mark.parametrize(
    ("spoken", "known"),
    [
        ("meera", "meera nair"),
        ("nair", "meera nair"),
        ("mira", "meera nair"),
        ("bob", "robert stone"),
        ("rupert", "robert stone"),
        ("alex", "alexandra berg"),
        ("maria", "ana maria lopez"),
    ],
)
def test_other_form_of_a_name(spoken: str, known: str) -> None:
    assert may_be_same(spoken.split(), known.split())


@pytest.mark.parametrize(
    ("spoken", "known"),
    [("nadia", "meera nair"), ("robert", "meera nair"), ("nadia petrova", "tobias lind"), ("", "tobias"), ("anna", "")],
)
def test_another_name(spoken: str, known: str) -> None:
    assert not may_be_same(spoken.split(), known.split())


@pytest.mark.parametrize("name", ["Mira", "Mrs. Nair"])
def test_who_may_be_the_user_under_another_name_is_not_the_contact(name: str) -> None:
    resolved = resolve_speakers(conversation((1, f"Hello, this is {name}."), (2, "I see.")), MEERA_ALONE)

    assert described(resolved, 1) == ("UNKNOWN", name, "MEDIUM", "SELF_INTRODUCTION")

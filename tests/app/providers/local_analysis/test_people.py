import pytest

from app.pipeline.transcript import Speaker
from app.providers.local_analysis.people import find_people


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Hello, this is Alice from the sales team.", [("Alice", "from the sales team")]),
        ("Hello, my name is Susan. My connection is down", [("Susan", "introduced by name")]),
        ("This is Meera Nair.", [("Meera Nair", "introduced by name")]),
        ("Thank you Alice.", [("Alice", "addressed by name")]),
        ("I am very sorry to hear that Susan.", [("Susan", "addressed by name")]),
        ("I saw Dr. Okafor yesterday", [("Dr Okafor", "mentioned by name")]),
        ("Ask my colleague Peter", [("Peter", "colleague")]),
        ("This is Great. This is Monday's order. This is Urgent", []),
        ("Hello, Linden clinic, how can I help?", []),
        ("this is alice from the sales team", []),
    ],
)
def test_names_are_capitalised_words_where_names_stand(read, text, people):
    assert [(person.name, person.context) for person in find_people(read(text), [])] == people


def test_name_of_a_speaker_is_found_in_lower_case(read):
    speaker = Speaker(1, "SPEAKER_00", display_name="Alice Hall (Acme)")

    [person] = find_people(read("thanks alice"), [speaker])

    assert (person.name, person.context, person.segment_ids) == ("Alice Hall", "takes part in the call", ("seg_0001",))


def test_mentions_of_one_person_are_joined_under_the_fullest_name(read_turns):
    clauses = read_turns(("A", "This is Alice Hall from the garage."), ("B", "Hi Alice."))

    [person] = find_people(clauses, [])

    assert (person.name, person.context) == ("Alice Hall", "from the garage")
    assert person.segment_ids == ("seg_0001", "seg_0002")

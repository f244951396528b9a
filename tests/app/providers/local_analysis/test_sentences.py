import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.transcript import Confidence, Segment
from app.providers.local_analysis.sentences import open_contraction, read_clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "yes i remember i will send you the revised price by friday",
            ["yes", "i remember", "i will send you the revised price by friday"],
        ),
        (
            "i am sorry about that i will call the warehouse and give you an answer tomorrow",
            ["i am sorry about that", "i will call the warehouse and give you an answer tomorrow"],
        ),
        (
            "please come before six this evening and remember to bring the second key thank you",
            ["please come before six this evening", "and remember to bring the second key", "thank you"],
        ),
        (
            "i want a refund for the days that i could not use the service",
            ["i want a refund for the days that i could not use the service"],
        ),
        (
            "make sure that the engineer calls me before he arrives",
            ["make sure that the engineer calls me before he arrives"],
        ),
        (
            "my name is susan my internet connection has been down",
            ["my name is susan", "my internet connection has been down"],
        ),
        ("i don't know, I will ask them", ["i do not know", "i will ask them"]),
        ("i think i will send it", ["i think i will send it"]),
        ("i will make sure that it works", ["i will make sure that it works"]),
        ("the fault on the line is small", ["the fault on the line is small"]),
    ],
)
def test_clauses_open_at_their_first_words_without_punctuation(read, text, clauses):
    assert [clause.text for clause in read(text)] == clauses


def test_sentences_end_at_punctuation_but_not_at_abbreviations(read):
    clauses = read("Ask Dr. Okafor. Is it ready? It is 9.30 now")

    assert [clause.text for clause in clauses] == ["ask dr okafor", "is it ready", "it is 9.30 now"]
    assert [clause.is_question for clause in clauses] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("I will send you the. Revised price.", "i will send you the revised price"),
        ("I will send the revised price. By Friday.", "i will send the revised price by friday"),
    ],
)
def test_pause_in_the_middle_of_a_sentence_does_not_end_it(read, text, sentence):
    assert [clause.text for clause in read(text)] == [sentence]


@pytest.mark.parametrize(
    ("word", "opened"),
    [
        ("i'll", ("i", "will")),
        ("don't", ("do", "not")),
        ("can't", ("can", "not")),
        ("cannot", ("can", "not")),
        ("won't", ("will", "not")),
        ("it's", ("it", "is")),
        ("let's", ("let", "us")),
        ("gonna", ("going", "to")),
        ("robert's", ("robert's",)),
        ("o'clock", ("o'clock",)),
    ],
)
def test_contractions_are_opened(word, opened):
    assert open_contraction(word) == opened


def test_quote_keeps_the_words_as_they_are_written(read):
    [clause] = read("I’ll send the X-ray, don't worry")

    assert clause.text == "i will send the x-ray do not worry"
    assert clause.quote == "I’ll send the X-ray, don't worry"


def test_sentence_that_was_split_over_segments_is_one_and_cites_both(make_transcript):
    transcript = make_transcript([("A", "x")])
    first = Segment("seg_0001", "spk_1", 0.0, 4.0, "I will send you the", Confidence.HIGH)
    second = Segment("seg_0002", "spk_1", 4.0, 6.0, "revised price.", Confidence.HIGH)

    [clause] = read_clauses(type(transcript)(**_fields(transcript) | {"segments": (first, second)}))

    assert clause.text == "i will send you the revised price"
    assert clause.segment_ids == ("seg_0001", "seg_0002")
    assert clause.start_seconds == 0.0


def test_long_pause_ends_a_sentence(make_transcript):
    transcript = make_transcript([("A", "x")])
    first = Segment("seg_0001", "spk_1", 0.0, 4.0, "the car", Confidence.HIGH)
    second = Segment("seg_0002", "spk_1", 6.01, 8.0, "an order", Confidence.HIGH)

    clauses = read_clauses(type(transcript)(**_fields(transcript) | {"segments": (first, second)}))

    assert [clause.text for clause in clauses] == ["the car", "an order"]


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("If I don't hear from you I'll cancel my contract.", [True, True]),
        ("If you like I will send the list.", [False, False]),
        ("I will send it if you want.", [False]),
    ],
)
def test_condition_reaches_to_the_next_clause_unless_it_is_politeness(read, text, flags):
    assert [clause.is_conditional for clause in read(text)] == flags


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_every_word_is_in_exactly_one_clause(make_transcript, texts):
    transcript = make_transcript([("AB"[number % 2], text) for number, text in enumerate(texts)])

    clauses = read_clauses(transcript)

    kept = "".join(character for clause in clauses for character in clause.quote if character.isalnum())
    assert kept == "".join(character for text in texts for character in text if character.isalnum())
    assert all(clause.words for clause in clauses)
    assert [clause.index for clause in clauses] == list(range(len(clauses)))


def _fields(transcript):
    return {name: getattr(transcript, name) for name in transcript.__slots__}

import pytest

from app.pipeline.transcript import Speaker, SpeakerRole
from app.providers.local_analysis.sentences import read_clauses
from app.providers.local_analysis.sentiment import Polarity, describe_sentiment, find_emotions, rate, score_clause


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        (
            "I am very happy with this wonderful service. It is great. I love it and everybody was kind.",
            Polarity.POSITIVE,
        ),
        ("This is terrible. I am angry. It was a horrible week and the worst service ever.", Polarity.NEGATIVE),
        ("The table is in the room. The room is in the house on the hill.", Polarity.NEUTRAL),
        ("I am angry. This is terrible. But now it is great. I am happy with you.", Polarity.MIXED),
        ("I am angry.", Polarity.UNCLEAR),
    ],
)
def test_polarity_follows_the_words(read, text, polarity):
    assert rate(read(text))[0] is polarity


def test_too_few_words_have_no_score(read):
    assert rate(read("I am angry.")) == (Polarity.UNCLEAR, None)


@pytest.mark.parametrize(
    "text", ["good morning customer support", "have a good day", "hello please help", "ok fine yes"]
)
def test_manners_are_no_feelings(read, text):
    assert [score_clause(clause) for clause in read(text)] == [0.0] * len(read(text))


def test_emotions_are_named_in_order_and_negated_ones_left_out(read):
    clauses = read("I am sorry. I am really angry. I am not happy. I was furious and worried.")

    assert find_emotions(clauses) == ["apologetic", "angry", "worried"]


def test_parties_are_read_apart_when_their_roles_are_known(make_transcript):
    angry, kind = (
        "I am angry. This is terrible, the worst service ever.",
        "I am glad. That is great, wonderful news for us.",
    )
    speakers = {
        "A": Speaker(1, "SPEAKER_00", role=SpeakerRole.USER),
        "B": Speaker(2, "SPEAKER_01", role=SpeakerRole.CONTACT),
    }
    transcript = make_transcript([("A", angry), ("B", kind)], speakers)

    sentiment = describe_sentiment(transcript, read_clauses(transcript))

    assert sentiment["userSentiment"]["overall"] == "negative"
    assert sentiment["userSentiment"]["notes"] == "Wording such as worst, angry, terrible."
    assert sentiment["contactSentiment"]["overall"] == "positive"


def test_parties_of_unknown_role_are_unclear(make_transcript):
    transcript = make_transcript([("A", "This is the best day and I am so happy about it.")])

    sentiment = describe_sentiment(transcript, read_clauses(transcript))

    assert sentiment["userSentiment"] == {"overall": "unclear", "score": None, "notes": None}
    assert sentiment["contactSentiment"] == {"overall": "unclear", "score": None, "notes": None}


def test_progression_has_at_least_two_phases_or_none(make_transcript, dialogues):
    long = make_transcript(dialogues["support"])
    short = make_transcript([("A", "The house is on the hill today.")])

    assert [phase["phase"] for phase in describe_sentiment(long, read_clauses(long))["progression"]] == [
        "opening",
        "middle",
        "closing",
    ]
    assert describe_sentiment(short, read_clauses(short))["progression"] == []

import pytest

from app.pipeline.normalization.loops import collapse_loops


@pytest.mark.parametrize(
    ("looped", "collapsed"),
    [
        ("I I I I need a refill", "I need a refill"),
        ("no no no no, not today", "no no, not today"),
        ("Yes. Yes! Yes? Right", "Yes. Yes? Right"),
        ("five five five two", "five five five two"),
        ("7 7 7 1", "7 7 7 1"),
        ("that that part", "that that part"),
        ("thank you so thank you so thank you so much", "thank you so much"),
        ("We will look into it today. We will look into it today.", "We will look into it today."),
        ("We will look into it today. we will look into it, today!", "We will look into it today!"),
        ("I am here. I am here.", "I am here. I am here."),
    ],
    ids=[
        "word stutter",
        "emphasis word",
        "emphasis with marks",
        "number words",
        "digits",
        "doubled word",
        "phrase loop",
        "sentence loop",
        "sentence loop with other marks",
        "short sentence twice",
    ],
)
def test_examples_of_the_table(looped: str, collapsed: str) -> None:
    assert collapse_loops(looped) == collapsed


@pytest.mark.parametrize(
    ("looped", "collapsed"),
    [
        ("So, so SO what", "So what"),
        ("the— the— the, end", "the, end"),
        ("Bye now. bye now, bye now!", "Bye now!"),
        ("a b a b a b a b a b a b", "a b"),
        ("a b a b a b a", "a b a"),
        ("ha ha ha ha ha ha", "ha"),
        ("no no no no no no", "no no"),
        ("one two one two one two", "one two one two one two"),
        ("double five double five double five", "double five double five double five"),
        ("oh five oh five oh five", "oh five oh five oh five"),
        ("oh oh oh dear", "oh dear"),
        ("और और और क्या", "और क्या"),
        ("no — no — no —", "no — no —"),
        ("w x y w x y w x y w x y z", "w x y z"),
        ("", ""),
    ],
    ids=[
        "the first spelling stays",
        "the last closing mark stays",
        "both in a phrase",
        "a phrase of phrases collapses to the shortest",
        "what is left of a loop stays",
        "a stutter is no phrase",
        "emphasis is no phrase",
        "a telephone number is no loop",
        "nor is one with double",
        "nor is one with oh",
        "oh alone is no number",
        "vowel signs belong to their word",
        "marks that stand alone belong to the word before",
        "a loop of three words",
        "nothing",
    ],
)
def test_what_the_table_leaves_open(looped: str, collapsed: str) -> None:
    assert collapse_loops(looped) == collapsed


def test_loop_of_twelve_words_collapses_and_of_thirteen_stays() -> None:
    words = [f"w{chr(97 + at)}" for at in range(13)]
    twelve, thirteen = " ".join(words[:12]), " ".join(words)

    assert collapse_loops(" ".join([twelve] * 3)) == twelve
    assert collapse_loops(" ".join([thirteen] * 3)) == " ".join([thirteen] * 3)

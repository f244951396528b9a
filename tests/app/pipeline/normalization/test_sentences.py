import pytest

from app.pipeline.normalization.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Yes. Really? Wow! And so… on", ["Yes.", "Really?", "Wow!", "And so…", "on"]),
        ("ठीक है। चलो॥ 好。 是！ 吗？ 好", ["ठीक है।", "चलो॥", "好。", "是！", "吗？", "好"]),
        ('He said "no!" Then (maybe.) he left.', ['He said "no!"', "Then (maybe.)", "he left."]),
        ("Mr. Lind and Dr. Nair vs. us, e.g. me.", ["Mr. Lind and Dr. Nair vs. us, e.g. me."]),
        ("(Mrs. Lind) is no. 5.", ["(Mrs. Lind) is no. 5."]),
        ("Plan B. is in the U.S. now. Good.", ["Plan B. is in the U.S. now.", "Good."]),
        ("It costs 3. 5 or 3.50 euros.", ["It costs 3. 5 or 3.50 euros."]),
        ("Call 5. Then wait.", ["Call 5.", "Then wait."]),
        ("Wait... what?! OK", ["Wait...", "what?!", "OK"]),
        ("a.b", ["a.b"]),
        ("", []),
    ],
    ids=[
        "marks",
        "marks of other scripts",
        "closing quotes",
        "abbreviations",
        "abbreviation in brackets",
        "single letters",
        "between digits",
        "after a digit",
        "several marks",
        "without a space",
        "nothing",
    ],
)
def test_text_is_cut_at_sentence_ends(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences

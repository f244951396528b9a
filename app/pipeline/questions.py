"""Whether a sentence without punctuation asks something. Source: transcript.md, section 4.0."""

from collections.abc import Sequence

from app.pipeline.word_sets import word_set

_OPENINGS = word_set("and but so well okay ok yes yeah oh sorry please hello hi hey")
"""What may stand before the word that makes the question."""

_QUESTION_WORDS = word_set("what when where who whom whose which why how")
_REASONS = word_set("why whose")
_SUBJECTS = word_set("i you we they he she it")
_POINTING = word_set(
    "this that these those there anyone anybody someone somebody everyone everybody anything everything"
)
_DETERMINERS = word_set("the a an my your our his her their any")
_NEGATIONS = word_set(
    "isn't aren't wasn't weren't don't doesn't didn't won't can't couldn't wouldn't shouldn't haven't hasn't"
)
_NARROW = word_set("have had do may might must shall")
"""Auxiliaries that often open no question: "have a good day", "do that", "may the"; only a person makes them one."""

_WIDE = word_set("is are was were am can could will would should does did has")


def is_question(words: Sequence[str]) -> bool:
    """Whether a sentence begins with a question word or an inverted auxiliary.

    `words` have their names capitalised. "when i arrive" and "what the price is" are clauses, no questions.
    """
    folded = [word.casefold() for word in words]
    at = 0
    while at < len(folded) and folded[at] in _OPENINGS:
        at += 1
    if at == len(folded):
        return False
    following = folded[at + 1] if at + 1 < len(folded) else ""
    if folded[at] in _QUESTION_WORDS:
        return folded[at] in _REASONS or following not in _SUBJECTS | _DETERMINERS
    if folded[at] in _NARROW | _NEGATIONS:
        return following in _SUBJECTS
    if folded[at] in _WIDE:
        is_name = at + 1 < len(words) and words[at + 1][:1].isupper()
        return following in _SUBJECTS | _POINTING | _DETERMINERS or is_name
    return False

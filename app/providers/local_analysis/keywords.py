"""Keywords of a call by YAKE: what is talked about, as tags and headings.

Source: analysis.md, section 2 (`tags`: short, lower case, at most 8).
"""

import re
from collections.abc import Collection, Sequence

import yake

from app.providers.local_analysis.lexicon import EMPTY_WORDS, word_set
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.task_lexicon import DOCUMENTS, MEETING_NOUNS, OBJECT_VERBS

MAX_TAGS = 8
MAX_KEYWORD_WORDS = 2
MAX_TAG_CHARS = 40

_VERBS = OBJECT_VERBS - DOCUMENTS - MEETING_NOUNS - word_set("order message email file request test")
LONG_CALL_WORDS = 250
"""From this length on a real topic comes up again; below, a single mention has to do."""
REPEATED = 2

_CANDIDATES = 300
_NO_KEYWORDS = EMPTY_WORDS | word_set(
    "calling call called calls know think want need help look looking see understand remember hear name tell said say "
    "got get getting going come coming put make let give take thing things lot bit kind sort people everything happy "
    "answer love angry worried glad great really sounds send sending mean guess somebody course problem problems"
)
_NOUN_MARKS = "a|an|the|my|your|our|his|her|their|some|any|of|for|about|from|with|new|last|next|second"


def find_keywords(clauses: Sequence[Clause], names: Collection[str] = (), confirmed: str | None = None) -> list[str]:
    """Answer lower-case keywords of one or two words, the best first; no names, numbers, days or bare verbs.

    `names` are words that name people. Each keyword stands behind an article or the like somewhere, so that it is a
    thing; in a call of some length it also comes up more than once. `confirmed` is given when words may be misheard:
    then a single mention counts only as a part of that text.
    """
    texts = [clause.text for clause in clauses]
    hidden = {part.casefold() for name in names for part in name.split()}
    is_long = sum(text.count(" ") + 1 for text in texts) >= LONG_CALL_WORDS
    keywords: list[str] = []
    for keyword in _extract(". ".join(texts)):
        words = keyword.split(" ")
        if any(_is_unfit(word) or word in hidden for word in words) or not _is_thing(keyword, texts):
            continue
        if len(words) > 1 and words[-1] in _VERBS:
            continue
        is_confirmed = not is_long if confirmed is None else keyword in confirmed.casefold()
        if not is_confirmed and _count(keyword, texts) < REPEATED:
            continue
        known = [other for other in keywords if set(words) & set(other.split(" "))]
        if not known:
            keywords.append(keyword)
        elif known[0] in words:
            keywords[keywords.index(known[0])] = keyword
    return list(dict.fromkeys(keywords))


def _is_thing(keyword: str, texts: Sequence[str]) -> bool:
    """Whether the word is used as a noun at least once."""
    thing = re.compile(rf"(?<![^ ])(?:{_NOUN_MARKS}) {re.escape(keyword)}(?![^ ])")
    return any(thing.search(text) for text in texts)


def _count(keyword: str, texts: Sequence[str]) -> int:
    return sum(f" {text} ".count(f" {keyword} ") for text in texts)


def choose_tags(keywords: Sequence[str]) -> list[str]:
    """Answer the tags: the best keywords, short ones only."""
    return [keyword for keyword in keywords if len(keyword) <= MAX_TAG_CHARS][:MAX_TAGS]


def _extract(text: str) -> list[str]:
    """Run YAKE; scores are rounded and ties broken by the alphabet, so that the order is always the same."""
    extractor = yake.KeywordExtractor(lan="en", n=MAX_KEYWORD_WORDS, top=_CANDIDATES)
    scored = [
        (round(float(score), 6), str(keyword).casefold().strip(".,"))
        for keyword, score in extractor.extract_keywords(text)
    ]
    return [keyword for _, keyword in sorted(scored)]


def _is_unfit(word: str) -> bool:
    return len(word) < 3 or word in _NO_KEYWORDS or not word.replace("-", "").isalpha()

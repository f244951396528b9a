"""Read the verb of a task and the words that belong to it, and judge whether they can be a task at all.

Recognisers invent words, so a verb counts only with an object that could be one.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.providers.local_analysis.due_dates import When
from app.providers.local_analysis.lexicon import (
    AUXILIARIES,
    CONJUNCTIONS,
    DETERMINERS,
    EMPTY_WORDS,
    NUMBER_WORDS,
    PREPOSITIONS,
    alternatives,
    is_content_word,
    word_set,
)
from app.providers.local_analysis.sentences import Word
from app.providers.local_analysis.task_lexicon import (
    DATED_STEP_VERBS,
    FREE_VERBS,
    IN_CALL_VERBS,
    LIGHT_VERB_OBJECTS,
    OBJECT_VERBS,
    PHRASAL_VERBS,
    PLACE_PREPOSITIONS,
    PLAN_VERBS,
    SMALL_TALK_OBJECTS,
    STEP_VERBS,
)

MAKE_SURE = "make sure"
REPORT_BACK = "report back"
COME = "come"
DO = "do"
PARTIES = frozenset({"me", "us", "you"})
"""Pronouns that stand for one of the two parties."""

_OBJECT_PRONOUNS = PARTIES | {"him", "her", "them"}
_MAX_OBJECT_DISTANCE = 6
"""The object stands within this many words behind the verb."""

_PRONOUN = alternatives(*_OBJECT_PRONOUNS)
_PLAIN = alternatives(MAKE_SURE, DO, *PHRASAL_VERBS, *FREE_VERBS, *LIGHT_VERB_OBJECTS, *OBJECT_VERBS, *STEP_VERBS)
_VERB = re.compile(
    rf"(?:(?P<report>let [^ ]+ know|keep (?:{_PRONOUN}) (?:posted|informed|updated)|get back(?: to (?:{_PRONOUN}))?)"
    rf"|(?P<ring>give [^ ]+ a (?:call|ring)(?: back)?|(?:call|ring|phone) (?:{_PRONOUN}) (?:back|up))"
    rf"|(?P<plain>{_PLAIN}))(?![^ ])"
)
_POSSESSIVES = word_set("my your our his her their")
_ANAPHORA = word_set("it them that this those these")
_STOPS = word_set(
    "because but otherwise since although though thank thanks goodbye bye okay ok yeah yes um uh so which"
)
_SUBJECTS = word_set("i we he she they")
_NEXT_SUBJECTS = word_set("it that this there i we you he she they")
_INNER = word_set("before after when if until till as while where whether what how once that who why")
YOU_IS_SUBJECT_BEFORE = word_set(
    "can will are have had need should want asked could said think know see get like do did told mean feel would"
)
_VERB_FORMS = (
    OBJECT_VERBS
    | PLAN_VERBS
    | frozenset([*FREE_VERBS, *LIGHT_VERB_OBJECTS])
    | word_set("calls sends helps tell tells help told called sent")
)
_CALL_VERBS = word_set("call phone ring")
_AFTER_CALL_ME = word_set(
    "back at on when if before after again later in this next as by and about tomorrow today tonight monday "
    "tuesday wednesday thursday friday saturday sunday please"
)


class VerbPhrase(NamedTuple):
    """A known verb and how many words of the clause it takes up; `target` is whom it is done to, if that is inside."""

    verb: str
    length: int
    target: Word | None = None


def match_verb(words: Sequence[Word]) -> VerbPhrase | None:
    """Answer the known verb that the words begin with; ways of saying the same become one ("give you a ring": call)."""
    text = " ".join(word.lower for word in words).replace("e-mail", "email")
    match = _VERB.match(text)
    if match is None:
        return None
    length = match[0].count(" ") + 1
    if match["report"]:
        return VerbPhrase(REPORT_BACK, length)
    if match["ring"]:
        return VerbPhrase("call", length, words[1])
    return VerbPhrase(match["plain"], length)


def cut_tail(words: Sequence[Word]) -> tuple[Word, ...]:
    """Keep what belongs to the verb: up to a new thought, a clause about the parties, or words out of place."""
    kept: list[Word] = []
    for place, word in enumerate(words):
        before = kept[-1].lower if kept else ""
        following = words[place + 1].lower if place + 1 < len(words) else ""
        is_next_thought = word.lower == "and" and following in _NEXT_SUBJECTS
        if word.lower in _STOPS or is_next_thought or _opens_subject(word.lower, before, following):
            break
        if _is_stray(word.lower, before):
            break
        kept.append(word)
    while kept and kept[-1].lower in _INNER | CONJUNCTIONS:
        kept.pop()
    return tuple(kept)


def _opens_subject(word: str, before: str, following: str) -> bool:
    """Whether a new subject begins here; "before he arrives" goes on, "that I could not use" does not."""
    if word in ("i", "we"):
        return True
    if word == "you":
        return following in YOU_IS_SUBJECT_BEFORE
    return word in _SUBJECTS and before not in _INNER


def _is_stray(word: str, before: str) -> bool:
    """Whether an object pronoun stands where no verb or preposition asks for one: a sign of misheard words."""
    return word in ("him", "them") and before != "" and before not in PREPOSITIONS | _VERB_FORMS


def is_plausible(verb: str, tail: Sequence[Word], when: When | None) -> bool:
    """Whether verb and object can be a task that outlives the call."""
    words = object_words(tail, when)
    if verb == REPORT_BACK:
        return True
    if verb == DO or (verb in OBJECT_VERBS - IN_CALL_VERBS and stands_for_earlier(words)):
        return stands_for_earlier(words)
    if verb == COME:
        return when is not None or (len(words) > 1 and words[0] in PLACE_PREPOSITIONS and has_object(words))
    if verb in STEP_VERBS and (when is not None or verb in DATED_STEP_VERBS):
        return when is not None
    if verb == MAKE_SURE:
        return sum(is_content_word(word) for word in words) >= 2
    if verb in LIGHT_VERB_OBJECTS:
        return not LIGHT_VERB_OBJECTS[verb].isdisjoint(words[:_MAX_OBJECT_DISTANCE]) and has_object(words)
    if verb in IN_CALL_VERBS and not _outlives_call(words, when):
        return False
    if verb in FREE_VERBS:
        return _is_free_tail(verb, tail, words)
    return has_object(words)


def object_words(tail: Sequence[Word], when: When | None) -> list[str]:
    """Answer the lower-case words behind the verb without phrases of time and without the parties."""
    span = range(0)
    if when is not None:
        start = " ".join(word.lower for word in tail).count(" ", 0, when.span.start)
        span = range(start, start + when.text.count(" ") + 1)
    words = [word.lower for place, word in enumerate(tail) if place not in span]
    while words and words[0] in PARTIES:
        words = words[1:]
    return words


def opens_noun_phrase(words: Sequence[str]) -> bool:
    """Whether an article or the like opens the object, also behind a preposition ("for the key"), or nothing is there.

    Recognisers get these small words right where they get the rest right.
    """
    behind = words[1:] if words and words[0] in PREPOSITIONS else words
    return not behind or behind[0] in DETERMINERS | _POSSESSIVES | NUMBER_WORDS or behind[0] in _ANAPHORA


def has_object(words: Sequence[str]) -> bool:
    """Whether something that can be named stands close behind the verb."""
    if not words or words[0] in CONJUNCTIONS | (AUXILIARIES - {"having"}):
        return False
    near = [word for word in words[:_MAX_OBJECT_DISTANCE] if is_content_word(word)]
    return bool(near) and near[0] not in SMALL_TALK_OBJECTS


def stands_for_earlier(words: Sequence[str]) -> bool:
    """Whether the object is nothing but "it" or the like."""
    return bool(words) and words[0] in _ANAPHORA and not any(is_content_word(word) for word in words)


def _outlives_call(words: Sequence[str], when: When | None) -> bool:
    return when is not None or "with" in words


def _is_free_tail(verb: str, tail: Sequence[Word], words: Sequence[str]) -> bool:
    """Whether nothing, somebody or a time stands behind "call"; "call me David" and "call it a day" are no calls."""
    is_named = len(tail) > 1 and tail[0].lower in PARTIES and tail[1].lower not in _AFTER_CALL_ME
    if is_named and verb in _CALL_VERBS:
        return has_object(words) and words[0] in PREPOSITIONS
    if words and words[0] in _ANAPHORA:
        return False
    end = next((place for place, word in enumerate(words) if word in _INNER), len(words))
    return all(word in EMPTY_WORDS for word in words[:end]) or has_object(words)

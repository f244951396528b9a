"""Sentiment of a call and of its parties by VADER, a lexicon of rated words.

Manners ("please", "good morning", "have a good day") are no feelings and are not counted. Too few words give `unclear`.
Source: analysis.md, sections 3.6 and 6.2 (R9, R10).
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from app.pipeline.transcript import SpeakerRole, Transcript
from app.providers.local_analysis.feeling_lexicon import CLOSINGS, EMOTIONS, FORMULAS
from app.providers.local_analysis.phases import Phase, split_phases
from app.providers.local_analysis.sentences import Clause, cite

MIN_WORDS = 8
"""With fewer words than this nothing can be told."""
POLAR_SCORE = 0.15
"""From this mean on, plus or minus, a text is positive or negative (our choice; VADER's own 0.05 is for tweets)."""
MIXED_SCORE = 0.3
"""From here on a clause is clearly positive or negative; both kinds in balance make a text mixed (our choice)."""
MAX_EMOTIONS = 6
"""Source: analysis.md, section 3.6."""
MAX_CITED = 3
"""Segments that a phase of the progression cites."""

_NEGATIONS = frozenset({"not", "no", "never", "nothing", "without"})


class Polarity(StrEnum):
    """The closed list of analysis.md, section 3.6."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    MIXED = "mixed"
    UNCLEAR = "unclear"


@lru_cache(maxsize=1)
def _analyzer() -> SentimentIntensityAnalyzer:
    analyzer = SentimentIntensityAnalyzer()
    for word in FORMULAS:
        analyzer.lexicon.pop(word, None)
    return analyzer


def describe_sentiment(transcript: Transcript, clauses: Sequence[Clause]) -> dict[str, Any]:
    """Answer `sentiment`; the parties' own reads only when their roles are known."""
    overall, score = rate(clauses)
    words = find_telling_words(clauses)
    emotions = find_emotions(clauses)
    return {
        "overall": str(overall),
        "score": score,
        "reason": None if overall is Polarity.UNCLEAR else _describe_words(words),
        "userSentiment": _describe_party(transcript, clauses, SpeakerRole.USER),
        "contactSentiment": _describe_party(transcript, clauses, SpeakerRole.CONTACT),
        "progression": [] if overall is Polarity.UNCLEAR else _describe_progression(clauses),
        "emotionalSignals": emotions[:MAX_EMOTIONS],
    }


def rate(clauses: Sequence[Clause]) -> tuple[Polarity, float | None]:
    """Answer the polarity and the mean score in -1 ... 1 (two decimals) of the clauses that carry any feeling."""
    if sum(len(clause.words) for clause in clauses) < MIN_WORDS:
        return Polarity.UNCLEAR, None
    scores = [score for clause in clauses if (score := score_clause(clause)) != 0.0]
    if not scores:
        return Polarity.NEUTRAL, 0.0
    # Two neutral voices on top: a single friendly word in a long talk is not a friendly talk.
    mean = round(sum(scores) / (len(scores) + 2), 2)
    good = sum(score >= MIXED_SCORE for score in scores)
    bad = sum(score <= -MIXED_SCORE for score in scores)
    if min(good, bad) >= 2 and 2 * min(good, bad) >= max(good, bad):
        return Polarity.MIXED, mean
    if mean >= POLAR_SCORE:
        return Polarity.POSITIVE, mean
    return (Polarity.NEGATIVE if mean <= -POLAR_SCORE else Polarity.NEUTRAL), mean


def score_clause(clause: Clause) -> float:
    """Rate one clause in -1 ... 1; 0 for manners and for words without feeling."""
    if any(closing in clause.text for closing in CLOSINGS):
        return 0.0
    return float(_analyzer().polarity_scores(clause.text)["compound"])


def find_emotions(clauses: Sequence[Clause]) -> list[str]:
    """Answer the feelings that are named, in the order of the call, negated ones left out."""
    found: dict[str, None] = {}
    for clause in clauses:
        words = clause.text.split(" ")
        for place, word in enumerate(words):
            if word in EMOTIONS and _NEGATIONS.isdisjoint(words[max(0, place - 3) : place]):
                found[EMOTIONS[word]] = None
    return list(found)


def find_telling_words(clauses: Sequence[Clause], limit: int = 4) -> list[str]:
    """Answer the words that weigh most in the rating, strongest first, each once."""
    lexicon = _analyzer().lexicon
    words = dict.fromkeys(word for clause in clauses if score_clause(clause) for word in clause.text.split(" "))
    rated = [word for word in words if word in lexicon]
    return sorted(rated, key=lambda word: (-abs(lexicon[word]), word))[:limit]


def _describe_words(words: Sequence[str]) -> str:
    return f"Wording such as {', '.join(words)}." if words else "No emotional wording."


def _describe_party(transcript: Transcript, clauses: Sequence[Clause], role: SpeakerRole) -> dict[str, Any]:
    own = [clause for clause in clauses if transcript.speaker(clause.speaker_id).role is role]
    overall, score = rate(own)
    notes = None if overall is Polarity.UNCLEAR else _describe_words(find_telling_words(own))
    return {"overall": str(overall), "score": score, "notes": notes}


def _describe_progression(clauses: Sequence[Clause]) -> list[dict[str, Any]]:
    """Answer the phases that can be rated; fewer than two are no progression."""
    phases = [_describe_phase(phase, part) for phase, part in split_phases(clauses)]
    rated = [phase for phase in phases if phase["overall"] != Polarity.UNCLEAR]
    return rated if len(rated) > 1 else []


def _describe_phase(phase: Phase, clauses: Sequence[Clause]) -> dict[str, Any]:
    overall, _ = rate(clauses)
    telling = [clause for clause in clauses if score_clause(clause)] or list(clauses)
    return {
        "phase": str(phase),
        "overall": str(overall),
        "note": _describe_words(find_telling_words(clauses, limit=3)),
        "sourceSegmentIds": list(cite(telling))[:MAX_CITED],
    }

"""Find questions that stay open: asked last, or answered with a promise to find out.

Source: analysis.md, section 3.8 (`openQuestions`).
"""

import re
from collections.abc import Collection, Sequence

from app.providers.local_analysis.lexicon import is_content_word
from app.providers.local_analysis.sentences import Clause

MIN_QUESTION_WORDS = 4
MAX_UNMARKED_WORDS = 12
"""Longer stretches without a question mark are no questions, whatever they open with."""

_AUXILIARIES = "is|are|was|were|will|would|can|could|do|does|did|should|has|have"
_OPENS_QUESTION = re.compile(
    r"^(?:(?:and|so|but|ok|okay|well|then|also) )*"
    rf"(?:(?:what|when|where|why|who|which|how)(?: [^ ]+){{0,2}} (?:{_AUXILIARIES})"
    r"|(?:is|are|do|does|did|will|has|have|should) (?:the|it|there|you|we|your|my|this|that|they)) "
)
_FORMULAS = re.compile(
    r"anything else|how are you|how is it going|how can i help|can i help|can you hear|are you there|how do you do|"
    r"is that (?:ok|okay|all)|do you have (?:a minute|a moment|two minutes|time)|is this a good time|you know"
)
# What one party asks the other to do or to tell is settled within the call, or is an action item.
_REQUEST = re.compile(
    r"^(?:(?:and|so|but|also|ok|okay) )*(?:(?:can|could|would|will) you|(?:can|may|could) i|please)(?![^ ])"
)
_DEFERRALS = (
    "i do not know", "we do not know", "i am not sure", "not sure", "i will find out", "i will ask", "i will check",
    "i have to check", "i have to ask", "i need to check", "let me check", "let me find out", "i will get back",
    "i will let you know", "i can not say", "good question", "no idea", "i have no idea", "hard to say",
)  # fmt: skip


def find_open_questions(clauses: Sequence[Clause], used: Collection[int] = ()) -> list[Clause]:
    """Answer the questions without an answer, in order; `used` are indexes of clauses that are requests already."""
    return [
        clause for clause in clauses if clause.index not in used and is_question(clause) and _is_open(clause, clauses)
    ]


def is_question(clause: Clause) -> bool:
    """Whether a clause really asks for something; polite formulas do not."""
    words = clause.text.split(" ")
    opens_question = clause.opens_sentence and _OPENS_QUESTION.match(f"{clause.text} ") is not None
    asks = clause.is_question or (opens_question and len(words) <= MAX_UNMARKED_WORDS)
    is_whole = len(words) >= MIN_QUESTION_WORDS and any(is_content_word(word) for word in words)
    return asks and is_whole and not _FORMULAS.search(clause.text) and not _REQUEST.match(clause.text)


def _is_open(question: Clause, clauses: Sequence[Clause]) -> bool:
    answer = [clause for clause in clauses if clause.turn == question.turn + 1]
    if not answer:
        return True
    return any(f"{clause.text} ".startswith(f"{deferral} ") for clause in answer[:3] for deferral in _DEFERRALS)

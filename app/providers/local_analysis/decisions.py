"""Find explicit agreements: "we agreed on ...", and proposals that the other party accepts at once.

Source: analysis.md, section 3.8 (`decisions`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.providers.local_analysis.lexicon import is_content_word
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.tasks import Task
from app.providers.local_analysis.titles import make_sentence, make_title
from app.providers.local_analysis.verbs import cut_tail

_AGREED = re.compile(
    r"^(?:(?:and|so|then|ok|okay|great|fine|yes) )*(?:we (?:have )?(?:agreed|decided|settled)(?: on| that| to)?|"
    r"it is agreed that|we (?:will )?go with|we are going with|it is settled that)(?= )"
)
_ACCEPTANCE = re.compile(
    r"^(?:yes|yeah|sure|fine|ok|okay|agreed|deal|perfect|great|of course|absolutely|all right|alright|sounds good|"
    r"that works|that sounds (?:good|fine|great)|that is (?:fine|good|perfect|great))(?![^ ])"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that was agreed, as a sentence without a party, and where."""

    text: str
    clauses: tuple[Clause, ...]


def find_decisions(clauses: Sequence[Clause], tasks: Sequence[Task]) -> tuple[Decision, ...]:
    """Answer the agreements in the order of the call.

    An accepted request is an action item already; an accepted plan ("an engineer will visit on Thursday", "let us meet
    on Monday") is a decision as well.
    """
    found = [decision for clause in clauses if (decision := _read_agreement(clause)) is not None]
    for task in tasks:
        acceptance = _find_acceptance(task.clauses[-1], clauses) if task.is_step and task.when else None
        if acceptance is not None and _is_proposal(task):
            text = make_title(task.statement).rstrip(".") + "."
            found.append(Decision(text, (*task.clauses, acceptance)))
    return tuple(sorted(found, key=lambda decision: decision.clauses[0].index))


def _is_proposal(task: Task) -> bool:
    return task.statement.is_third_party_plan or task.statement.clause.text.startswith("let us")


def _read_agreement(clause: Clause) -> Decision | None:
    match = _AGREED.match(clause.text)
    if match is None or clause.is_question:
        return None
    tail = cut_tail(clause.words[clause.word_index(match.end()) + 1 :])
    sentence = make_sentence(tail)
    if sentence is None or not any(is_content_word(word.lower) for word in tail):
        return None
    return Decision(f"Agreed: {sentence}", (clause,))


def _find_acceptance(proposal: Clause, clauses: Sequence[Clause]) -> Clause | None:
    """Answer the acceptance that opens the next turn, if there is one."""
    answer = next((clause for clause in clauses if clause.turn == proposal.turn + 1), None)
    return answer if answer is not None and _ACCEPTANCE.match(answer.text) else None

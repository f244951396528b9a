"""Tell the type of a call by the words of a trade; `unknown` unless several different ones point the same way.

Source: analysis.md, section 2 (`callType`).
"""

from collections.abc import Sequence
from enum import StrEnum

from app.providers.local_analysis.sentences import Clause

MIN_EVIDENCE = 3
"""So many different words or phrases make a type (our choice)."""
MIN_LEAD = 2
"""And so many more than any other type has."""


class CallType(StrEnum):
    """Those types of analysis.md, section 2, that have words of their own."""

    SALES = "sales"
    SUPPORT = "support"
    HEALTHCARE = "healthcare"
    FINANCE = "finance"
    LEGAL = "legal"
    INTERVIEW = "interview"
    EDUCATION = "education"
    PERSONAL = "personal"
    UNKNOWN = "unknown"


_EVIDENCE = {
    CallType.SALES: (
        "sales", "sales team", "price", "prices", "pricing", "quote", "offer", "discount", "contract", "order",
        "orders", "demo", "proposal", "delivery", "customer", "purchase", "product", "budget",
    ),
    CallType.SUPPORT: (
        "support", "customer support", "customer service", "how can i help", "how may i help", "refund",
        "not working", "broken", "connection", "account", "engineer", "technician", "ticket", "fault", "warranty",
        "repair", "password", "has been down", "service", "reset", "replacement", "restart",
    ),
    CallType.HEALTHCARE: (
        "doctor", "clinic", "hospital", "patient", "prescription", "medicine", "symptoms", "pain", "surgery",
        "nurse", "x-ray", "scan", "blood test", "dentist", "pharmacy", "treatment", "appointment",
        "health insurance",
    ),
    CallType.FINANCE: (
        "bank", "loan", "interest rate", "mortgage", "credit card", "savings", "investment", "tax", "transfer",
        "balance", "statement", "pension", "shares", "account number", "overdraft",
    ),
    CallType.LEGAL: (
        "lawyer", "attorney", "court", "lawsuit", "judge", "legal", "clause", "settlement", "hearing", "witness",
        "claim", "law firm", "testimony",
    ),
    CallType.INTERVIEW: (
        "interview", "candidate", "position", "resume", "your experience", "hiring", "salary", "recruiter", "job",
        "notice period", "strengths", "previous role",
    ),
    CallType.EDUCATION: (
        "student", "teacher", "homework", "course", "exam", "university", "school", "lecture", "semester", "lesson",
        "grade", "professor", "tuition",
    ),
    CallType.PERSONAL: (
        "mum", "mom", "dad", "love you", "grandma", "birthday", "dinner", "honey", "darling", "miss you",
        "the kids", "see you tonight", "family", "party",
    ),
}  # fmt: skip


def find_call_type(clauses: Sequence[Clause]) -> CallType:
    """Answer the type with the most different words; without a clear lead it is `unknown`."""
    text = " | ".join(clause.text for clause in clauses)
    padded = f" {text} "
    scores = {kind: sum(f" {phrase} " in padded for phrase in phrases) for kind, phrases in _EVIDENCE.items()}
    best, second = sorted(scores.values(), reverse=True)[:2]
    if best < MIN_EVIDENCE or best - second < MIN_LEAD:
        return CallType.UNKNOWN
    return max(scores, key=lambda kind: scores[kind])

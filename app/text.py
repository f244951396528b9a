"""What holds for every text that a client sends, and for addresses. Source: rest.md, sections 1.1, 3.4 and 5."""

MAX_EMAIL = 320
MAX_NOTES = 20_000
"""In code points, as every limit of a text."""


def find_text_problem(text: str, max_chars: int) -> str | None:
    """Say what is wrong with a trimmed text, or None; `max_chars` counts Unicode code points."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "must not contain NUL or a lone surrogate"
    if len(text) > max_chars:
        return f"must have at most {max_chars} characters"
    return None


def find_email_problem(text: str) -> str | None:
    """Say what is wrong with a trimmed e-mail address, or None. No more is asked of it than one `@` inside."""
    local, _, domain = text.partition("@")
    if not local or not domain or "@" in domain:
        return "must hold one @ with text on both sides"
    return find_text_problem(text, MAX_EMAIL)

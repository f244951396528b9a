"""What holds for every text that a client sends. Source: rest.md, sections 1.1 and 5."""


def find_text_problem(text: str, max_chars: int) -> str | None:
    """Say what is wrong with a trimmed text, or None; `max_chars` counts Unicode code points."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "must not contain NUL or a lone surrogate"
    if len(text) > max_chars:
        return f"must have at most {max_chars} characters"
    return None

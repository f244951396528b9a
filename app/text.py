"""What holds for every text that a client sends, and for addresses. Source: rest.md, sections 1.1, 3.4 and 5."""

from typing import overload

from app.errors import FieldProblem, ValidationFailedError

MAX_EMAIL_CHARS = 320
MAX_CALL_TITLE_CHARS = 300
MAX_CALL_SUMMARY_CHARS = 2000
MAX_NOTES_CHARS = 20_000
MAX_ACTION_TITLE_CHARS = 500
MAX_ACTION_DESCRIPTION_CHARS = 5000
MAX_DISPLAY_NAME_CHARS = 200
MAX_CONSENT_VERSION_CHARS = 64
MAX_FCM_TOKEN_CHARS = 4096


def find_text_problem(text: str, max_chars: int, *, min_chars: int = 0) -> str | None:
    """Say what is wrong with a trimmed text, or None; Unicode code points are counted, and `min_chars` is 0 or 1."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "must not contain NUL or a lone surrogate"
    if len(text) < min_chars:
        return "must not be blank"
    if len(text) > max_chars:
        return f"must have at most {max_chars} characters"
    return None


def find_email_problem(text: str) -> str | None:
    """Say what is wrong with a trimmed e-mail address, or None. No more is asked of it than one `@` inside."""
    local, _, domain = text.partition("@")
    if not local or not domain or "@" in domain:
        return "must hold one @ with text on both sides"
    return find_text_problem(text, MAX_EMAIL_CHARS)


class TextReader:
    """Trims the texts of one input and collects what is wrong with them: `read` each, then `check` once."""

    def __init__(self) -> None:
        self._problems: list[FieldProblem] = []

    @overload
    def read(self, field: str, text: str, max_chars: int, *, min_chars: int = 0) -> str: ...

    @overload
    def read(self, field: str, text: str | None, max_chars: int, *, min_chars: int = 0) -> str | None: ...

    def read(self, field: str, text: str | None, max_chars: int, *, min_chars: int = 0) -> str | None:
        """Trim a text, which counts only when `check` passes; None stays None."""
        trimmed = None if text is None else text.strip()
        self._note(field, None if trimmed is None else find_text_problem(trimmed, max_chars, min_chars=min_chars))
        return trimmed

    def read_email(self, field: str, text: str | None) -> str | None:
        """Trim an e-mail address, in the way of `read`; a blank one passes."""
        trimmed = None if text is None else text.strip()
        self._note(field, find_email_problem(trimmed) if trimmed else None)
        return trimmed

    def _note(self, field: str, problem: str | None) -> None:
        if problem is not None:
            self._problems.append(FieldProblem(field, problem))

    def check(self) -> None:
        """Raises ValidationFailedError: lists everything that was wrong."""
        if self._problems:
            raise ValidationFailedError(self._problems)

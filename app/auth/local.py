"""Users of a server without sign-in: one by default, others by name. Source: rest.md, section 1.3 (AU4, AU5)."""

import re

from app.errors import ValidationFailedError
from app.users.identity import Identity

HEADER = "X-Local-User-Id"
DEFAULT_USER = "local-dev"

_NAME = re.compile(r"[A-Za-z0-9._@|-]{1,128}", re.ASCII)


def local_identity(header: str | None) -> Identity:
    """The user whom the header names; a name with `@` is an e-mail address, too, and counts as verified.

    Raises:
        ValidationFailedError: the header has another form.
    """
    name = DEFAULT_USER if header is None else header
    if not _NAME.fullmatch(name):
        raise ValidationFailedError.of(HEADER, "must be 1 to 128 letters, digits or one of . _ @ | -")
    email = name if "@" in name else None
    return Identity(external_user_id=name, email=email, email_verified=email is not None)

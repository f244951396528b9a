"""What a server wants from whoever asks, as the OpenAPI document says it. Source: rest.md, section 1.3."""

from itertools import product
from typing import Any

from app.auth.api_keys import HEADERS
from app.settings import Settings

Requirement = dict[str, list[str]]

_TOKEN = "FirebaseToken"  # noqa: S105  (a name)
_KEYS = ("ScryonApiKey", "ApiKey")

SCHEMES: dict[str, Any] = {
    _TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A Firebase ID token, on servers where users sign in.",
    },
    **{
        name: {
            "type": "apiKey",
            "in": "header",
            "name": header,
            "description": "One of the server's keys, on servers that have some; either header will do.",
        }
        for name, header in zip(_KEYS, HEADERS, strict=True)
    },
}

_NOTHING: list[Requirement] = [{}]
_A_TOKEN: list[Requirement] = [{_TOKEN: []}]
_A_KEY: list[Requirement] = [{name: []} for name in _KEYS]


def requirements_of(settings: Settings) -> list[Requirement]:
    """What this server wants: one of these, each of which may want several things."""
    return _combine(_A_TOKEN if settings.firebase_project_id else _NOTHING, _A_KEY if settings.api_keys else _NOTHING)


def any_requirements() -> list[Requirement]:
    """What servers may want, for a document that is about no server in particular."""
    return _combine(_A_TOKEN + _NOTHING, _A_KEY + _NOTHING)


def _combine(*parts: list[Requirement]) -> list[Requirement]:
    return [{name: scopes for part in combination for name, scopes in part.items()} for combination in product(*parts)]

"""Which bodies pyannoteAI refuses, and what it says then. Source: providers.md, sections 2.2 to 2.7 and 2.9."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Rule = Callable[[Any], str | None]
"""Says what is wrong with the value of a field; None when nothing is."""

MAX_VOICEPRINTS = 50
MAX_VOICEPRINT_LENGTH = 20_000
MAX_LABEL_LENGTH = 100
MAX_URL_LENGTH = 255


def find_errors(path: str, body: object) -> list[dict[str, str]]:
    """What is wrong with a body for one of `ENDPOINTS`, as in `errors[]` of its answer; nothing for a good one."""
    if not isinstance(body, dict):
        return [_error("", "Expected object")]
    rules, required = ENDPOINTS[path]
    errors = [_error(name, "Unrecognized key") for name in body if name not in rules]
    errors += [_error(name, "Required") for name in required if name not in body]
    for name, rule in rules.items():
        problem = rule(body[name]) if name in body else None
        if problem is not None:
            errors.append(_error(name, problem))
    return errors or _find_contradictions(body)


def _find_contradictions(body: Mapping[str, Any]) -> list[dict[str, str]]:
    if body.get("minSpeakers", 1) > body.get("maxSpeakers", float("inf")):
        return [_error("minSpeakers", "Must not be above maxSpeakers")]
    if body.get("transcription") and body.get("model") == "community-1":
        return [_error("transcription", "Not available with community-1")]
    return []


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}


def _media_url(value: Any) -> str | None:
    is_good = isinstance(value, str) and re.fullmatch(r"media://[a-zA-Z0-9\-_./]+", value)
    return None if is_good and len(value) <= MAX_URL_LENGTH else "Invalid URL"


def _url(value: Any) -> str | None:
    return None if _https(value) is None else _media_url(value)


def _https(value: Any) -> str | None:
    return None if isinstance(value, str) and value.startswith("https://") else "Invalid URL"


def _one_of(*values: str | None) -> Rule:
    return lambda value: None if value in values else "Invalid option"


def _bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Expected boolean"


def _number(value: Any, low: float = 1, high: float = float("inf")) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "Expected number"
    return None if low <= value <= high else "Out of range"


def _optional(rule: Rule) -> Rule:
    return lambda value: None if value is None else rule(value)


def _object(rules: Mapping[str, Rule], required: tuple[str, ...] = ()) -> Rule:
    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "Expected object"
        if not set(required) <= set(value) <= set(rules):
            return "Unrecognized or missing key"
        return next((problem for name in value if (problem := rules[name](value[name]))), None)

    return check


def _label(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_LABEL_LENGTH:
        return "Invalid label"
    return "Must not start with SPEAKER_" if value.upper().startswith("SPEAKER_") else None


def _voiceprint(value: Any) -> str | None:
    return None if isinstance(value, str) and 0 < len(value) <= MAX_VOICEPRINT_LENGTH else "Invalid voiceprint"


def _voiceprints(value: Any) -> str | None:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VOICEPRINTS:
        return f"Expected 1 to {MAX_VOICEPRINTS} items"
    check = _object({"label": _label, "voiceprint": _voiceprint}, ("label", "voiceprint"))
    return next((problem for item in value if (problem := check(item))), None)


_JOB: Mapping[str, Rule] = {"url": _url, "webhook": _https, "webhookStatusOnly": _bool}
_WHO_SPOKE: Mapping[str, Rule] = {
    **_JOB,
    "numSpeakers": _number,
    "minSpeakers": _number,
    "maxSpeakers": _number,
    "exclusive": _bool,
    "confidence": _bool,
    "turnLevelConfidence": _optional(_bool),
}
_DIARIZE: Mapping[str, Rule] = {
    **_WHO_SPOKE,
    "model": _one_of("precision-2", "community-1", None),
    "transcription": _bool,
    "transcriptionConfig": _object({"model": _one_of("parakeet-tdt-0.6b-v3", "faster-whisper-large-v3-turbo")}),
}
_IDENTIFY: Mapping[str, Rule] = {
    **_WHO_SPOKE,
    "model": _one_of("precision-2", None),
    "voiceprints": _voiceprints,
    "matching": _object(
        {"threshold": _optional(lambda value: _number(value, 0, 100)), "exclusive": _optional(_bool)},
    ),
}
ENDPOINTS: Mapping[str, tuple[Mapping[str, Rule], tuple[str, ...]]] = {
    "/v1/media/input": ({"url": _media_url}, ("url",)),
    "/v1/diarize": (_DIARIZE, ("url",)),
    "/v1/voiceprint": ({**_JOB, "model": _one_of("precision-2")}, ("url",)),
    # Their description requires the voiceprints only; a job without audio makes no sense.
    "/v1/identify": (_IDENTIFY, ("url", "voiceprints")),
}
"""For each path: the rules of its fields, and which of them are required."""

import pytest

from app.pipeline.normalization.languages import get_language_code, get_language_name


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("english", "en"),
        ("German", "de"),
        (" Castilian ", "es"),
        ("haitian creole", "ht"),
        ("en", "en"),
        ("EN-us", "en"),
        ("pt_BR", "pt"),
        ("jw", "jv"),
        ("cantonese", "zh"),
        ("yue", "zh"),
        ("ga", "ga"),
        ("hawaiian", None),
        ("klingon", None),
        ("", None),
        (None, None),
    ],
)
def test_language_code(language: str | None, code: str | None) -> None:
    assert get_language_code(language) == code


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("de", "german"),
        (" EN ", "english"),
        ("pt-BR", "portuguese"),
        ("es", "spanish"),
        ("ht", "haitian creole"),
        ("nb", "norwegian"),
        ("iw", "hebrew"),
        ("jw", "javanese"),
        ("zh", "chinese"),
        ("yue", None),
        ("ga", None),
        ("german", None),
        ("", None),
    ],
)
def test_language_name(code: str, name: str | None) -> None:
    assert get_language_name(code) == name

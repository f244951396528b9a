import pytest

from app.pipeline.normalization.languages import get_language_code


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

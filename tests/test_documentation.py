"""README, CONTRIBUTING and `.env.example` say what is so."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import AliasChoices

from app.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md")
ENV_EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "MINIO_PASSWORD"}


def variables(pattern: str) -> dict[str, str]:
    """Names and defaults of the lines of `.env.example` that match."""
    found = re.findall(rf"^{pattern}([A-Z][A-Z0-9_]+)=([^#\n]*)", ENV_EXAMPLE, re.MULTILINE)
    return {name: value.strip() for name, value in found}


def environment_name(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return alias if isinstance(alias, str) else field.upper()


def test_links_lead_somewhere() -> None:
    links = [link for page in PAGES for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text())]

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_named_files_exist(page: str) -> None:
    paths = set(
        re.findall(r"`((?:app|rest|jobs|graphql|tests|bench|samples|\.ci)/[\w./]*)`", (ROOT / page).read_text())
    )

    assert paths
    assert sorted(path for path in paths if not (ROOT / path).exists() and "Name." not in path) == []


@pytest.mark.parametrize("page", PAGES)
def test_named_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = set(re.findall(r"^    make ([a-z]+)", (ROOT / page).read_text(), re.MULTILINE))

    assert named
    assert named <= targets


def test_example_lists_exactly_the_variables_that_are_read() -> None:
    listed = set(variables("")) - COMPOSE_ONLY
    read = {environment_name(field) for field in Settings.model_fields}

    assert listed == read
    assert variables("#").keys() & listed == set()


def test_defaults_in_the_example_are_the_defaults() -> None:
    given = {name: value for name, value in variables("").items() if value and name not in COMPOSE_ONLY}
    by_name = {environment_name(field): field for field in Settings.model_fields}

    parsed = Settings(**{by_name[name]: value for name, value in given.items()})
    defaults = Settings()

    assert {name for name in given if getattr(parsed, by_name[name]) != getattr(defaults, by_name[name])} == set()


def test_compose_file_has_the_production_shape() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert {"api", "worker", "migrate", "postgres", "redis", "minio"} <= services.keys()
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", []))

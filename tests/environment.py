"""Keeps what a developer has set for a server of their own away from tests, keys of providers above all."""

import os

from pydantic import AliasChoices

from app.settings import Settings


def forget_settings_of_the_machine() -> None:
    """Remove every variable that is a setting from the environment of this process, and so of its children."""
    for field_name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else [alias or field_name.upper()]
        for name in names:
            os.environ.pop(str(name), None)

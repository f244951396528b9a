"""The committed schema files: what `scryon schema` writes and CI compares."""

from pathlib import Path

from rest.openapi import export_openapi
from scryon_graphql.schema import print_schema


def export_schemas() -> dict[Path, bytes]:
    """The content of each file, by its name; the same code gives the same bytes."""
    return {Path("schema.graphql"): print_schema().encode(), Path("openapi.json"): export_openapi()}

"""The GraphQL schema as a client learns it."""

from graphql import build_client_schema

from scryon_graphql.schema import schema

SCHEMA = build_client_schema(schema.introspect())  # type: ignore[arg-type]

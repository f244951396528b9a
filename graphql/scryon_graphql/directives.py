"""Client directives: notes on a field of an operation that the REST facade reads and the executor ignores.

Source: architecture.md, "The facade: operations instead of handlers".
"""

from typing import Annotated, Any

import strawberry
from strawberry.directive import DirectiveLocation, DirectiveValue


@strawberry.directive(
    locations=[DirectiveLocation.FIELD],
    name="keepNull",
    description="REST shows this field as null when it has no value; without the mark it is left out. "
    "GraphQL answers are the same either way.",
)
def keep_null(value: DirectiveValue[Any]) -> Any:
    """Never runs: the schema leaves Strawberry's directive machinery out."""
    return value


@strawberry.directive(
    locations=[DirectiveLocation.FIELD],
    name="describedBy",
    description="Names the type whose fields describe this JSON value, for the OpenAPI document.",
)
def described_by(
    value: DirectiveValue[Any],
    type: Annotated[str, strawberry.argument(description="Name of an object type of this schema.")],
) -> Any:
    """Never runs: the schema leaves Strawberry's directive machinery out."""
    return value

"""What every resolver gets: who asks, which request it is, the shared connections and the request's own loaders."""

from typing import Self
from uuid import UUID

from strawberry.fastapi import BaseContext

from app.idempotency.keyed import KeyedRequest
from app.resources import Resources
from scryon_graphql.loaders import Loaders


class Context(BaseContext):
    """The context of one GraphQL operation; both doors make one per request.

    It carries no database session: sibling resolvers run at the same time, so each opens its own, late and briefly
    (style.md, section 5). `request_id` is the one of the `X-Request-Id` header. `keyed` is there when the request came
    with an idempotency key; `scryon_graphql/effects.py` heeds it.
    """

    def __init__(self, resources: Resources, user_id: UUID, request_id: str, keyed: KeyedRequest | None = None) -> None:
        super().__init__()
        self.resources = resources
        self.user_id = user_id
        self.request_id = request_id
        self.keyed = keyed
        self.loaders = Loaders(resources, user_id)

    def with_key(self, keyed: KeyedRequest) -> Self:
        """The same for an operation that runs under a key."""
        return type(self)(self.resources, self.user_id, self.request_id, keyed)

"""What every resolver gets: who asks, which request it is, the shared connections and the request's own loaders."""

from uuid import UUID

from strawberry.fastapi import BaseContext

from app.resources import Resources
from scryon_graphql.loaders import Loaders


class Context(BaseContext):
    """The context of one GraphQL operation; both doors make one per request, with `make_context`.

    It carries no database session: sibling resolvers run at the same time, so each opens its own, late and briefly
    (style.md, section 5).
    """

    def __init__(self, resources: Resources, user_id: UUID, request_id: str) -> None:
        super().__init__()
        self.resources = resources
        self.user_id = user_id
        self.request_id = request_id
        self.loaders = Loaders(resources, user_id)


def make_context(resources: Resources, user_id: UUID, request_id: str) -> Context:
    """Make the context of a request of this user; `request_id` is the one of the `X-Request-Id` header."""
    return Context(resources, user_id, request_id)

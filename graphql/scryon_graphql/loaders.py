"""Batched reads for fields of list items: one statement for a whole page, results in the order of the keys."""

from uuid import UUID

from app.resources import Resources


class Loaders:
    """The loaders of one request; they cache for its length and see only what its user owns."""

    def __init__(self, resources: Resources, user_id: UUID) -> None:
        self._resources = resources
        self._user_id = user_id

"""The value of the `Upload` variable, for REST and GraphQL alike: a recording that already lies in object storage."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A recording under the key of the call that it is about to become; it goes away unless that call's row comes.

    `content_type` is the sniffed one. `file_name` is the part's own name, reduced to its last path component and to
    at most 255 characters. `sha256` is lower-case hex.
    """

    call_id: UUID
    storage_key: str
    content_type: str
    byte_size: int
    file_name: str | None
    sha256: str

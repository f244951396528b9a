"""Documents that were parsed and found valid before are not parsed and validated again.

Clients send the same few documents with different variables, and reading one takes longer than answering it. What
holds a text of its own is not kept, so that nothing of a user stays in memory. Of the limits, the number of
objects is looked at each time, since it depends on variables.
"""

from collections.abc import Iterator

from strawberry.extensions import SchemaExtension

from scryon_graphql.executor import KnownDocument

MAX_CHARS = 4000
MAX_KNOWN = 64
"""Of a document of that length a few hundred kilobytes are kept."""


class KnownDocuments:
    """Valid documents of one schema by their text, the latest ones."""

    def __init__(self) -> None:
        self._documents: dict[str, KnownDocument] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def find(self, text: str) -> KnownDocument | None:
        """A document that was kept; it counts as the latest from now on."""
        document = self._documents.pop(text, None)
        if document is not None:
            self._documents[text] = document
        return document

    def keep(self, text: str, document: KnownDocument) -> None:
        """Keep a valid document, unless it is long or holds a text of its own."""
        if len(text) > MAX_CHARS or '"' in text:
            return
        self._documents[text] = document
        if len(self._documents) > MAX_KNOWN:
            del self._documents[next(iter(self._documents))]


class KnownDocumentsExtension(SchemaExtension):
    """Has to be the first one, so that all others have their say about what is kept."""

    def __init__(self, known: KnownDocuments) -> None:
        self._known = known
        self._is_known = False

    def on_parse(self) -> Iterator[None]:
        known = self._known.find(self.execution_context.query or "")
        if known is not None:
            self._is_known = True
            self.execution_context.graphql_document = known.document
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if self._is_known:
            context.validation_rules = ()
        yield
        if not self._is_known and context.graphql_document is not None and not context.pre_execution_errors:
            self._known.keep(context.query or "", KnownDocument(context.graphql_document))

"""What the answer of one endpoint is good for in another: the links of the OpenAPI document.

An expression, `$response.body#/id`, takes its value out of the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ID = "$response.body#/id"
_NEXT_CURSOR = "$response.body#/nextCursor"


@dataclass(frozen=True, slots=True)
class Link:
    """A request that the answer can be followed by: the endpoint's name, and what of its input is known."""

    operation_id: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """The link as the document has it."""
        described: dict[str, Any] = {"operationId": self.operation_id, "parameters": dict(self.parameters)}
        return described if self.body is None else {**described, "requestBody": self.body}


def _with_id(*operation_ids: str) -> tuple[Link, ...]:
    return tuple(Link(operation_id, {"id": _ID}) for operation_id in operation_ids)


LINKS: Mapping[str, tuple[Link, ...]] = {
    "analyzeCall": (
        *_with_id(
            "getCall",
            "getTranscript",
            "getAnalysis",
            "updateCall",
            "assignContact",
            "listCallActions",
            "createAction",
            "debugCallEvents",
            "reanalyzeCall",
            "deleteCall",
        ),
        Link("getCallStatuses", {"ids": _ID}),
        Link("deleteCalls", body={"callIds": [_ID]}),
    ),
    "createAction": _with_id("updateActionStatus", "replaceAction", "deleteAction"),
    "createContact": (
        *_with_id("getContact", "replaceContact", "deleteContact"),
        Link("assignContact", body={"contactId": _ID}),
    ),
    "listActions": (Link("listActions", {"cursor": _NEXT_CURSOR}),),
    "listCalls": (Link("listCalls", {"cursor": _NEXT_CURSOR}),),
}
"""By the endpoint that is linked from; the name of a link is the one of its endpoint."""

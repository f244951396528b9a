"""Analysing a finished call again. Source: rest.md, section 3.3."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from typing import Annotated

import strawberry

from app.calls import service as calls
from app.errors import CallNotFoundError
from scryon_graphql.calls.types import Call
from scryon_graphql.context import Context
from scryon_graphql.ids import require_id


@strawberry.type
class ReanalyzeCallMutation:
    @strawberry.mutation(
        description="Make transcript, analysis and AI action items of a COMPLETED call anew, by the present version, "
        "and wait for them. Edits of the user and MANUAL action items stay. Not offered in production. "
        "Errors: `feature_not_available`, `call_not_found`, `transcript_not_found`, `call_not_reanalyzable`, "
        "`reanalyze_in_progress`, `analysis_failed` and `storage_unavailable`, after which everything is as it was."
    )
    async def reanalyze_call(
        self,
        info: strawberry.Info[Context],
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the call.")],
    ) -> Call:
        # Here and not above: half of the pipeline, a tenth of a second of every start, for what few servers offer.
        from app.calls.reanalysis import reanalyze_call

        context, call_id = info.context, require_id(id, CallNotFoundError)
        keyed = context.keyed
        if keyed is None or keyed.resource_id is None:
            await reanalyze_call(context.resources, user_id=context.user_id, call_id=call_id, keyed=keyed)
        async with context.resources.database.read() as session:
            row, notes = await calls.get_call(session, context.user_id, call_id)
        context.loaders.notes.prime(call_id, notes)
        return Call.from_row(row)

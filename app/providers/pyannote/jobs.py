"""A job at pyannoteAI from the upload to its output: submitted at most twice, since each is paid, polled until its end.

Source: pipeline.md, section 3.3.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from app.providers.protocols import JobTicket
from app.providers.pyannote.client import Endpoint, EnsureWanted, PyannoteClient
from app.providers.pyannote.faults import Cause, JobError, Step
from app.providers.sending import ProviderFault

MAX_SUBMISSIONS = 2
MAX_FAILED_POLLS = 3
"""How many polls in a row may fail, each with all its repeats, before a job that may well run is given up."""

_FAILED_STATUSES = {"failed": Cause.FAILED, "canceled": Cause.CANCELED}


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be done with which audio.

    `fields` are those of the endpoint beside `url`. `media_name` is used for nothing else; the number of the
    submission is put behind it.
    """

    endpoint: Endpoint
    fields: Mapping[str, Any]
    content: bytes
    media_name: str


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """A job that has succeeded, with its `output`: `content` is the answer as it came, `document` what it says."""

    content: bytes
    document: Mapping[str, Any]


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Give the block so long.

    Raises:
        JobError: it took longer.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise JobError(Step.JOB, Cause.TIMEOUT) from error


async def submit_job(
    client: PyannoteClient, order: Order, ensure_wanted: EnsureWanted, *, submitted: int = 0
) -> JobTicket:
    """Upload and submit; once more, under a new key, where the answer was lost or a server failed.

    `submitted` is how often that was done before, by an earlier run.

    Raises:
        JobError: there is no job, or nobody knows of it.
    """

    async def submit_once() -> JobTicket:
        nonlocal submitted
        submitted += 1
        media_key = f"media://{order.media_name}-{submitted}"
        await client.upload(media_key, order.content, ensure_wanted)
        try:
            job_id = await client.submit(order.endpoint, {"url": media_key, **order.fields}, ensure_wanted)
        except ProviderFault as fault:
            if submitted >= MAX_SUBMISSIONS:
                raise JobError.of(Step.SUBMIT, fault) from fault
            raise
        return JobTicket(job_id, media_key)

    return await client.patiently(Step.SUBMIT, submit_once)


def count_submissions(ticket: JobTicket) -> int:
    """How often a job was submitted until this one, by the number in its key."""
    number = ticket.media_key.rpartition("-")[2]
    return int(number) if number.isdecimal() else 1


async def wait_for_job(client: PyannoteClient, job_id: str, ensure_wanted: EnsureWanted) -> FinishedJob:
    """Poll a job until it has succeeded. A status that nobody knows is not the end.

    Raises:
        JobError: it has failed, is unknown, has no output, or the provider does not answer.
    """
    failed_polls = 0
    while True:
        try:
            finished = _read_finished(await client.poll(job_id, ensure_wanted))
        except JobError as error:
            # The job runs and is paid for, whether we hear of it now or a little later.
            failed_polls += 1
            if not error.may_pass or failed_polls == MAX_FAILED_POLLS:
                raise
        else:
            if finished is not None:
                return finished
            failed_polls = 0
        await client.pause()


def _read_finished(content: bytes) -> FinishedJob | None:
    """The job if it has succeeded, None if it still runs."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise JobError(Step.POLL, Cause.MALFORMED) from error
    if not isinstance(document, dict):
        raise JobError(Step.POLL, Cause.MALFORMED)
    status = document.get("status")
    if status == "succeeded":
        if not isinstance(document.get("output"), dict):
            raise JobError(Step.JOB, Cause.WITHOUT_OUTPUT)
        return FinishedJob(content, document)
    if isinstance(status, str) and status in _FAILED_STATUSES:
        raise JobError(Step.JOB, _FAILED_STATUSES[status])
    return None

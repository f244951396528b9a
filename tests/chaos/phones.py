"""Phones: each sends a recording, follows its call, and may delete it; whatever gets lost on the way is sent again."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.doubles import make_recording
from tests.chaos.plan import Submission

ANSWER_SECONDS = 40.0
"""How long a phone waits for an answer: longer than a duplicate waits for the first request (rest.md 1.7, ID5)."""

LONGEST_PAUSE_SECONDS = 2.0
POLL_SECONDS = 1.5
_ORDER = ("QUEUED", "TRANSCRIBING", "ANALYZING")
_ENDS = ("COMPLETED", "FAILED")
_TEMPORARY = ("idempotency_in_progress", "service_unavailable", "storage_unavailable")
"""The errors after which a phone asks again, as they say; no other is expected."""


@dataclass(slots=True)
class CallStory:
    """What a phone knows of its call. Times are seconds since 1970; `problems` is what must not have happened."""

    submission: Submission
    call_id: str | None = None
    status: str | None = None
    deletion_began_at: float | None = None
    deleted_at: float | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.submission.number

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return self.deleted_at is not None if self.submission.deletes_after_seconds is not None else self._has_ended

    @property
    def _has_ended(self) -> bool:
        return self.status in _ENDS

    def see(self, status: str) -> None:
        """Take note of a status, which never goes back (pipeline.md, section 2, S4)."""
        known = (*_ORDER, *_ENDS)
        is_behind = self._has_ended or (self.status is not None and known.index(status) < known.index(self.status))
        if is_behind and status != self.status:
            self.problems.append(f"{status} after {self.status}")
        self.status = status


class Phone:
    """One of the phones; `answers` counts the statuses of all of them."""

    def __init__(
        self, client: httpx.AsyncClient, urls: Sequence[str], submission: Submission, answers: Counter[str]
    ) -> None:
        self.story = CallStory(submission)
        self._client = client
        self._urls = urls
        self._answers = answers
        self._asked = submission.number
        self._headers = {"X-Local-User-Id": user_name(submission.user)}

    @property
    def deletes(self) -> bool:
        """Whether it deletes its call, sooner or later."""
        return self.story.submission.deletes_after_seconds is not None

    async def run(self) -> None:
        """From the upload to the end of the call, or to its deletion."""
        submission = self.story.submission
        await asyncio.sleep(submission.at_seconds)
        call_id = await self._upload()
        if submission.is_repeated and await self._upload() != call_id:
            self.story.problems.append("a repeated upload made another call")
        self.story.call_id = call_id
        if submission.deletes_after_seconds is None:
            await self._follow(call_id)
            await self._read(call_id)
            return
        following = asyncio.create_task(self._follow(call_id))
        await asyncio.sleep(submission.deletes_after_seconds)
        following.cancel()
        await asyncio.wait([following])
        await self._delete(call_id)

    async def _upload(self) -> str:
        number = self.story.number
        answer = await self._ask(
            "POST",
            "/api/calls/analyze",
            {202},
            headers={"Idempotency-Key": f"recording-{number}"},
            files={"file": ("call.wav", make_recording(number))},
            data={"metadata": f'{{"title": "{title(number)}", "direction": "OUTGOING"}}'},
        )
        return str(answer.json()["id"])

    async def _follow(self, call_id: str) -> None:
        while True:
            answer = await self._ask("GET", f"/api/calls/{call_id}", {200})
            self.story.see(answer.json()["status"])
            if self.story.is_over:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _read(self, call_id: str) -> None:
        """Whoever sees COMPLETED can read everything (pipeline.md, section 2, S3)."""
        if self.story.status == "COMPLETED":
            for part in ("transcript", "analysis"):
                await self._ask("GET", f"/api/calls/{call_id}/{part}", {200})

    async def _delete(self, call_id: str) -> None:
        self.story.deletion_began_at = time.time()
        await self._ask("DELETE", f"/api/calls/{call_id}", {204, 404})
        self.story.deleted_at = time.time()
        await self._ask("GET", f"/api/calls/{call_id}", {404})

    async def _ask(self, method: str, path: str, expected: set[int], **values: Any) -> httpx.Response:
        """Ask until there is an answer that says something about the request, of one API process after the other."""
        headers = {**self._headers, **values.pop("headers", {})}
        while True:
            self._asked += 1
            url = self._urls[self._asked % len(self._urls)]
            try:
                answer = await self._client.request(method, url + path, headers=headers, **values)
            except httpx.TransportError as error:
                self._answers[type(error).__name__] += 1
                await asyncio.sleep(0.5)
                continue
            self._answers[str(answer.status_code)] += 1
            if answer.status_code in expected:
                return answer
            code = read_code(answer)
            if code not in _TEMPORARY:
                self.story.problems.append(f"{method} was answered {answer.status_code} {code}")
            await asyncio.sleep(min(float(answer.headers.get("Retry-After", 1)), LONGEST_PAUSE_SECONDS))


def read_code(answer: httpx.Response) -> str:
    """The code of an error in the one shape that there is (rest.md, section 1.6)."""
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "no error shape"


def user_name(user: int) -> str:
    """Whom a phone belongs to."""
    return f"user-{user}"


def title(number: int) -> str:
    """What a call is called by its phone: how it is found again."""
    return f"Chaos call {number}"

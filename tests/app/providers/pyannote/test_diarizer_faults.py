"""What becomes of a diarization when pyannoteAI fails: its reason, how often it was asked, how many jobs are paid.

Source: pipeline.md, sections 3.3 and 11.2 (L4, L5).
"""

import math
import traceback
from collections import deque

import pytest

from app.observability.logging import configure_logging
from app.pipeline.failures import DiarizationFailedError
from app.settings import load_settings
from tests.app.providers.pyannote.asking import AUDIO, Job, Waits, make_diarizer
from tests.app.providers.pyannote.conftest import ClientMaker
from tests.doubles.http_double import Answer, Cut, Failure, json_answer
from tests.doubles.pyannote import KEY, PAYMENT_REQUIRED, Endpoint, Pyannote, rate_limited, refused

MEDIA, UPLOAD, SUBMIT, POLL = Endpoint.MEDIA, Endpoint.UPLOAD, Endpoint.DIARIZE, Endpoint.JOB
STEPS = (MEDIA, UPLOAD, SUBMIT, POLL)
Fault = Failure | Cut | Answer


async def fail(make_client: ClientMaker, job: Job | None = None, **settings: float) -> tuple[str, str | None]:
    """The reason and the detail with which a diarization fails."""
    diarizer = make_diarizer(make_client(**settings))
    with pytest.raises(DiarizationFailedError) as raised:
        await diarizer.diarize(AUDIO, max_speakers=2, job=(job or Job()).context)
    assert KEY not in "".join(traceback.format_exception(raised.value))
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))
    return raised.value.reason, raised.value.detail


@pytest.mark.parametrize(
    ("endpoint", "reason", "step", "requests"),
    [
        (MEDIA, "http_4xx", "media", (1, 0, 0, 0)),
        (UPLOAD, "upload_failed", "upload_io", (1, 1, 0, 0)),
        (SUBMIT, "http_4xx", "submit", (1, 1, 1, 0)),
        (POLL, "http_4xx", "poll", (1, 1, 1, 1)),
    ],
)
@pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 408, 413])
async def test_refusal_is_not_repeated(
    make_client: ClientMaker,
    pyannote: Pyannote,
    waits: Waits,
    *,
    status: int,
    endpoint: Endpoint,
    reason: str,
    step: str,
    requests: tuple[int, ...],
) -> None:
    pyannote.broken[endpoint] = PAYMENT_REQUIRED if status == 402 else refused(status)

    failure = await fail(make_client)

    assert failure == (reason, f"{step}_http_{status}")
    assert pyannote.counts(*STEPS) == requests
    assert (waits.seconds, len(pyannote.jobs)) == ([], requests[3])


OUTAGES = [
    (MEDIA, refused(500), "http_5xx", "media_http_500", (3, 0, 0, 0)),
    (MEDIA, Failure.CLOSED_CONNECTION, "network", "media_network", (3, 0, 0, 0)),
    (MEDIA, Cut.RESET, "network", "media_network", (3, 0, 0, 0)),
    (UPLOAD, refused(503), "upload_failed", "upload_io_http_503", (1, 3, 0, 0)),
    (UPLOAD, Failure.CLOSED_CONNECTION, "upload_failed", "upload_io_network", (1, 3, 0, 0)),
    (SUBMIT, refused(500), "http_5xx", "submit_http_500", (2, 2, 2, 0)),
    (SUBMIT, Failure.CLOSED_CONNECTION, "network", "submit_network", (2, 2, 2, 0)),
    (POLL, refused(503), "http_5xx", "poll_http_503", (1, 1, 1, 9)),
    (POLL, Failure.CLOSED_CONNECTION, "network", "poll_network", (1, 1, 1, 9)),
    (POLL, Cut.RESET, "network", "poll_network", (1, 1, 1, 9)),
]


@pytest.mark.parametrize(("endpoint", "fault", "reason", "detail", "requests"), OUTAGES)
async def test_outage_is_waited_for_a_little(
    make_client: ClientMaker,
    pyannote: Pyannote,
    *,
    endpoint: Endpoint,
    fault: Fault,
    reason: str,
    detail: str,
    requests: tuple[int, ...],
) -> None:
    pyannote.broken[endpoint] = fault

    failure = await fail(make_client)

    assert failure == (reason, detail)
    assert pyannote.counts(*STEPS) == requests


@pytest.mark.parametrize(("endpoint", "fault"), [(row[0], row[1]) for row in OUTAGES if row[0] is not SUBMIT])
async def test_two_outages_are_survived(
    make_client: ClientMaker, pyannote: Pyannote, waits: Waits, endpoint: Endpoint, fault: Fault
) -> None:
    pyannote.script.polls_until_end = 0
    pyannote.failing[endpoint] = deque([fault, fault])

    answer = await make_diarizer(make_client()).diarize(AUDIO, max_speakers=2, job=Job().context)

    assert len(answer.turns) == 3
    assert pyannote.counts(endpoint) == (3,)
    assert [round(seconds) for seconds in waits.seconds] == [1, 2]
    assert len(pyannote.jobs) == 1


@pytest.mark.parametrize("fault", [refused(500), Failure.CLOSED_CONNECTION, rate_limited()])
async def test_submission_is_repeated_once_under_a_fresh_key(
    make_client: ClientMaker, pyannote: Pyannote, fault: Fault
) -> None:
    pyannote.failing[SUBMIT] = deque([fault])
    job = Job()

    answer = await make_diarizer(make_client()).diarize(AUDIO, max_speakers=2, job=job.context)

    assert len(answer.turns) == 3
    assert pyannote.counts(*STEPS[:3]) == (2, 2, 2)
    assert [key.rpartition("-")[2] for key in pyannote.media] == ["1", "2"]
    assert [ticket.media_key.rpartition("-")[2] for ticket in job.remembered] == ["2"]


async def test_lost_answers_cost_two_jobs_at_most(make_client: ClientMaker, pyannote: Pyannote) -> None:
    pyannote.broken[SUBMIT] = Cut.RESET

    failure = await fail(make_client)

    assert failure == ("network", "submit_network")
    assert len({job.body["url"] for job in pyannote.jobs.values()}) == len(pyannote.jobs) == 2


async def test_lost_answer_costs_one_job_where_nothing_is_repeated(
    make_client: ClientMaker, pyannote: Pyannote
) -> None:
    pyannote.broken[SUBMIT] = Cut.RESET

    await fail(make_client, max_retries=0)

    assert len(pyannote.jobs) == 1


@pytest.mark.parametrize(
    ("endpoint", "reason", "detail", "requests"),
    [
        (MEDIA, "http_4xx", "media_http_429", (3, 0, 0, 0)),
        (UPLOAD, "upload_failed", "upload_io_http_429", (1, 3, 0, 0)),
        (SUBMIT, "http_4xx", "submit_http_429", (2, 2, 2, 0)),
        (POLL, "http_4xx", "poll_http_429", (1, 1, 1, 9)),
    ],
)
@pytest.mark.parametrize(
    ("retry_after", "shortest", "longest"),
    [("7", 7, 7), ("3600", 30, 30), (None, 1.5, 2.5), ("soon", 1.5, 2.5)],
)
async def test_rate_limit_is_obeyed(
    make_client: ClientMaker,
    pyannote: Pyannote,
    waits: Waits,
    *,
    retry_after: str | None,
    shortest: float,
    longest: float,
    endpoint: Endpoint,
    reason: str,
    detail: str,
    requests: tuple[int, ...],
) -> None:
    pyannote.broken[endpoint] = rate_limited(retry_after)

    failure = await fail(make_client)

    assert failure == (reason, detail)
    assert pyannote.counts(*STEPS) == requests
    first = waits.seconds[:2] if endpoint is not SUBMIT else waits.seconds
    assert shortest <= min(first) <= max(first) <= longest


@pytest.mark.parametrize(
    ("endpoint", "reason", "detail", "requests"),
    [
        (MEDIA, "upload_failed", "media_malformed", (1, 0, 0, 0)),
        (SUBMIT, "job_failed", "submit_malformed", (1, 1, 1, 0)),
        (POLL, "job_failed", "poll_malformed", (1, 1, 1, 3)),
    ],
)
@pytest.mark.parametrize("fault", [Failure.HTML, Failure.BROKEN_JSON, json_answer([])], ids=["html", "broken", "list"])
async def test_answer_that_is_none_is_not_believed(
    make_client: ClientMaker,
    pyannote: Pyannote,
    *,
    fault: Fault,
    endpoint: Endpoint,
    reason: str,
    detail: str,
    requests: tuple[int, ...],
) -> None:
    pyannote.broken[endpoint] = fault

    failure = await fail(make_client)

    assert failure == (reason, detail)
    assert pyannote.counts(*STEPS) == requests


@pytest.mark.parametrize("job_id", [None, 7, ""])
async def test_submission_without_an_id_is_not_believed(
    make_client: ClientMaker, pyannote: Pyannote, job_id: object
) -> None:
    pyannote.broken[SUBMIT] = json_answer({"jobId": job_id, "status": "created"})

    assert await fail(make_client) == ("job_failed", "submit_malformed")


@pytest.mark.parametrize("address", ["ftp://h/a", "https://user:password@h/a", "not one"])
async def test_recording_is_not_sent_to_an_odd_address(
    make_client: ClientMaker, pyannote: Pyannote, address: str
) -> None:
    pyannote.broken[MEDIA] = json_answer({"url": address}, 201)

    failure = await fail(make_client)

    assert failure == ("upload_failed", "media_malformed")
    assert pyannote.counts(*STEPS) == (1, 0, 0, 0)


async def test_nobody_listens(make_client: ClientMaker, pyannote: Pyannote) -> None:
    pyannote.close()

    assert await fail(make_client) == ("network", "media_network")


async def test_expired_address_is_a_failed_upload(make_client: ClientMaker, pyannote: Pyannote) -> None:
    pyannote.are_addresses_expired = True

    assert await fail(make_client) == ("upload_failed", "upload_io_http_403")


@pytest.mark.parametrize(
    ("endpoint", "requests"), [(MEDIA, (1, 0, 0, 0)), (SUBMIT, (1, 1, 1, 0)), (POLL, (1, 1, 1, 3))]
)
async def test_answer_that_drips_is_not_waited_for(
    make_client: ClientMaker, pyannote: Pyannote, endpoint: Endpoint, requests: tuple[int, ...]
) -> None:
    pyannote.broken[endpoint] = Cut.DRIP

    reason, detail = await fail(make_client, request_seconds=0.3)

    assert (reason, pyannote.counts(*STEPS)) == ("timeout", requests)
    assert detail in ("media_timeout", "submit_timeout", "poll_timeout")


async def test_upload_that_is_never_answered_ends_with_the_time_of_the_job(
    make_client: ClientMaker, pyannote: Pyannote
) -> None:
    pyannote.broken[UPLOAD] = Answer(200, bytes(1000), cut=Cut.DRIP)

    reason, _ = await fail(make_client, timeout_seconds=0.5)

    assert reason == "timeout"
    assert pyannote.counts(*STEPS) == (1, 1, 0, 0)


async def test_silence_ends_with_the_time_of_the_job(make_client: ClientMaker, pyannote: Pyannote) -> None:
    pyannote.hold()

    assert await fail(make_client, timeout_seconds=0.3) == ("timeout", "job_timeout")


async def test_job_that_never_ends_ends_with_its_time(make_client: ClientMaker, pyannote: Pyannote) -> None:
    pyannote.script.polls_until_end = math.inf

    assert await fail(make_client, timeout_seconds=0.5) == ("timeout", "job_timeout")


@pytest.mark.parametrize(
    ("outcome", "is_output_gone", "detail"),
    [
        ("failed", False, "job_failed"),
        ("canceled", False, "job_canceled"),
        ("succeeded", True, "job_without_output"),
    ],
)
async def test_job_without_a_result_is_not_paid_twice(
    make_client: ClientMaker, pyannote: Pyannote, outcome: str, is_output_gone: bool, detail: str
) -> None:
    pyannote.script.outcome = outcome
    pyannote.script.is_output_gone = is_output_gone

    failure = await fail(make_client)

    assert failure == ("job_failed", detail)
    assert len(pyannote.jobs) == 1


@pytest.mark.parametrize("output", [{"diarization": []}, {}, {"diarization": [{"speaker": "SPEAKER_00"}]}])
async def test_result_without_turns_is_empty(
    make_client: ClientMaker, pyannote: Pyannote, output: dict[str, object]
) -> None:
    pyannote.script.output = output

    assert await fail(make_client) == ("empty_result", None)


async def test_two_polls_that_fail_do_not_lose_the_job(make_client: ClientMaker, pyannote: Pyannote) -> None:
    down = refused(503)
    pyannote.failing[POLL] = deque([*[down] * 6, None, *[down] * 6])

    answer = await make_diarizer(make_client()).diarize(AUDIO, max_speakers=2, job=Job().context)

    assert len(answer.turns) == 3
    assert len(pyannote.jobs) == 1


async def test_no_line_holds_key_body_or_address(
    make_client: ClientMaker, pyannote: Pyannote, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(load_settings(log_level="DEBUG"))
    pyannote.failing[MEDIA] = deque([refused(500)])
    pyannote.failing[UPLOAD] = deque([refused(500)])
    pyannote.broken[POLL] = PAYMENT_REQUIRED

    await fail(make_client)

    told = capsys.readouterr().err
    assert "event=pyannote_payment_required" in told
    assert [secret for secret in (KEY, "SECRET", "X-Amz", "media://", "No credit") if secret in told] == []

"""A real server process: large uploads, memory, temporary files, broken connections, logs."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.embedded.servers import EmbeddedServers
from app.resources import Resources
from tests.forms import BOUNDARY, CONTENT_TYPE, WAV, encode, field, file
from tests.rest.serving import Server, run_server
from tests.running import wait_for

MAX_FILE_BYTES = 50 * 1024**2
MAX_REQUEST_BYTES = 55 * 1024**2
MEMORY_KIB = 16 * 1024

pytestmark = pytest.mark.usefixtures("resources")


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def _stream(size: int, before_chunk: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """A form with a recording of that size, made up as it goes."""
    start, end = encode([file(b"")], end=False)[:-2], f"\r\n--{BOUNDARY}--\r\n".encode()
    yield start + WAV
    chunk = bytes(range(256)) * 1024
    left = size - len(WAV)
    while left > 0:
        before_chunk()
        yield chunk[:left]
        left -= len(chunk)
    yield end


def _form_bytes(size: int) -> int:
    return len(encode([file(b"")])) + size


def _post(
    http: httpx.Client, size: int, *, announce: bool, before_chunk: Callable[[], None] = lambda: None
) -> httpx.Response:
    headers = {"content-type": CONTENT_TYPE}
    if announce:
        headers["content-length"] = str(_form_bytes(size))
    return http.post("/api/calls/analyze", content=_stream(size, before_chunk), headers=headers)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_large_upload_costs_no_memory_and_no_temporary_file(server: Server, http: httpx.Client) -> None:
    assert _post(http, len(WAV), announce=True).status_code == 202
    before = server.status_kib("VmRSS")
    # Resets VmHWM, the highest resident size so far.
    with open(f"/proc/{server.pid}/clear_refs", "w") as control:
        control.write("5")
    strange: set[str] = set()

    def look() -> None:
        own = (str(server.data_dir), str(server.log))
        strange.update(path for path in server.open_files() if "(deleted)" in path or not path.startswith(own))
        strange.update(str(path) for path in server.temp_dir.rglob("*"))

    look()
    known = set(strange)
    response = _post(http, MAX_FILE_BYTES, announce=True, before_chunk=look)

    assert response.status_code == 202
    assert strange - known == set()
    assert server.status_kib("VmHWM") - before < MEMORY_KIB
    [stored] = [path for path in server.stored_files if path.stat().st_size == MAX_FILE_BYTES]
    assert response.json()["id"] in str(stored)
    http.delete(f"/api/calls/{response.json()['id']}")


@pytest.mark.parametrize("announce", [True, False], ids=["announced", "chunked"])
def test_greatest_file_passes(http: httpx.Client, announce: bool) -> None:
    response = _post(http, MAX_FILE_BYTES, announce=announce)

    assert response.status_code == 202
    assert http.delete(response.headers["location"]).status_code == 204


@pytest.mark.parametrize("announce", [True, False], ids=["announced", "chunked"])
@pytest.mark.parametrize("size", [MAX_FILE_BYTES + 1, 51 * 1024**2])
def test_larger_file_is_refused(server: Server, http: httpx.Client, size: int, announce: bool) -> None:
    before = len(server.stored_files)

    response = _post(http, size, announce=announce)

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "payload_too_large"
    assert response.json()["error"]["details"] == {"maxBytes": MAX_FILE_BYTES}
    assert len(server.stored_files) == before
    assert http.get("/api/calls").json() == {"items": []}


def test_larger_request_is_refused_before_it_is_sent(server: Server) -> None:
    head = (
        f"POST /api/calls/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {MAX_REQUEST_BYTES + 1}\r\nExpect: 100-continue\r\n\r\n"
    )

    with _connect(server) as connection:
        connection.sendall(head.encode())
        answer = HTTPResponse(connection)
        answer.begin()
        body = json.loads(answer.read())

    assert answer.status == 413
    assert body["error"]["details"] == {"maxBytes": MAX_REQUEST_BYTES}


@pytest.mark.parametrize("announce", [True, False], ids=["announced", "chunked"])
def test_upload_that_is_cut_leaves_nothing(server: Server, http: httpx.Client, announce: bool) -> None:
    before = server.stored_files
    length = f"Content-Length: {_form_bytes(MAX_FILE_BYTES)}" if announce else "Transfer-Encoding: chunked"
    head = f"POST /api/calls/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: {CONTENT_TYPE}\r\n{length}\r\n\r\n"

    with _connect(server) as connection:
        connection.sendall(head.encode())
        sent = 0
        for chunk in _stream(MAX_FILE_BYTES):
            connection.sendall(chunk if announce else f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            sent += len(chunk)
            if sent > 20 * 1024**2:
                break
        _wait_for(lambda: len(server.stored_files) > len(before))

    _wait_for(lambda: server.stored_files == before)
    assert http.get("/api/calls").json() == {"items": []}
    assert "unexpected_error" not in server.log.read_text()


def test_long_request_line_of_200_ids_is_taken(http: httpx.Client) -> None:
    ids = ",".join("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3" for _ in range(200))

    response = http.get(f"/api/calls/status?ids={ids}&padding={'x' * 8000}")

    assert response.status_code == 200


def test_head_has_no_body(http: httpx.Client) -> None:
    for path, status in (("/api/health", 200), ("/api/calls", 405), ("/api/nothing", 404)):
        response = http.head(path)

        assert (response.status_code, response.content) == (status, b"")


def test_log_names_requests_but_nobody(server: Server, http: httpx.Client, resources: Resources) -> None:
    parts = [field("contactName", "Zebracrossing"), field("title", "Zebracrossing"), file(WAV, file_name="Zebra.wav")]
    headers = {"content-type": CONTENT_TYPE, "x-request-id": "log-test"}
    call = http.post("/api/calls/analyze?Zebracrossing=1", content=encode(parts), headers=headers).json()
    http.get("/api/calls", params={"cursor": "Zebracrossing"})
    http.get("/api/Zebracrossing")
    http.post("/api/calls/analyze", content=encode(parts, end=False)[:200], headers=headers)
    http.delete(f"/api/calls/{call['id']}")

    # The line follows the answer.
    wait_for(lambda: "route=/api/calls/{id} status=204" in server.log.read_text(), 10)
    log = server.log.read_text()
    assert "event=HTTP_REQUEST_COMPLETED method=POST route=/api/calls/analyze status=202" in log
    assert "reqId=log-test" in log
    assert "zebra" not in log.lower()


def _connect(server: Server) -> socket.socket:
    port = urlsplit(server.url).port
    assert port is not None
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def test_open_server_on_another_address_warns_loudly(
    server: Server, servers: EmbeddedServers, resources: Resources, tmp_path: Path
) -> None:
    warning = "WARNING: listening on 127.0.0.2 without sign-in"
    assert servers.database_url is not None
    environment = {"DB_URL": servers.database_url, "FLYWAY_ENABLED": "false", "SERVER_HOST": "127.0.0.2"}

    with run_server(tmp_path / "open", environment) as opened:
        assert warning in opened.log.read_text()
    with run_server(tmp_path / "guarded", {**environment, "SCRYON_API_KEY": "key"}) as guarded:
        assert "WARNING" not in guarded.log.read_text()
    assert "WARNING" not in server.log.read_text()

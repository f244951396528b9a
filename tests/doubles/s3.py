"""An S3 server on a loopback port: moto, which speaks the protocol, behind a door that checks signatures.

It refuses what AWS refuses: an unknown key, a signature or a checksum of the body that is wrong, a foreign region where
it has one, parts below 5 MiB. Needs the packages of the extra `dev`; import it only where it is used.
"""

import hashlib
import io
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

ACCESS_KEY = "AKIASCRYONTEST"
SECRET_KEY = "s3cr3t/of/the/bucket"
_HELD_SECONDS = 60.0
_SENT_AT_ONCE = 64 * 1024

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_numbers = count(1)
"""Of buckets: moto has the same ones for all doubles of a process."""


class S3Double:
    """Listens from its construction until `close`, or as a context manager. The server's state is the process's.

    `client` is boto3's, for asking what the store really holds. `requests` has `METHOD path?query` of all that arrived.
    Set `failure` to a status to be refused with, put some into `upcoming` for a request each, where None is a good
    answer, and set `region` to be as strict as AWS; `reset` ends all of that.
    """

    def __init__(self) -> None:
        self.failure: int | None = None
        self.upcoming: deque[int | None] = deque()
        self.region: str | None = None
        self.requests: list[str] = []
        self.received_bytes = 0
        self.sent_bytes = 0
        self._open = threading.Event()
        self._open.set()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.reset()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reset(self) -> None:
        """Answer as it should again, and forget what was asked."""
        self.failure = self.region = None
        self.upcoming.clear()
        self.requests.clear()
        self.received_bytes = self.sent_bytes = 0
        self._open.set()

    def hold(self) -> None:
        """Let requests arrive and wait, until `reset`."""
        self._open.clear()

    def make_bucket(self) -> "Bucket":
        name = f"recordings-{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        self.reset()
        return Bucket(self, name)

    def _serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['RAW_URI']}")
        self._open.wait(_HELD_SECONDS)
        refusal = self._find_refusal(environ, body)
        if refusal is not None:
            status, code = refusal
            # As AWS does it, the answer quotes what was sent.
            text = f"<Error><Code>{code}</Code><AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId></Error>".encode()
            start_response(
                f"{status} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(text)))]
            )
            return [text]
        self.received_bytes += len(body)
        environ["wsgi.input"] = io.BytesIO(body)
        return self._send(self._moto(environ, start_response))

    def _send(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        for part in answer:
            for start in range(0, len(part), _SENT_AT_ONCE):
                yield part[start : start + _SENT_AT_ONCE]
                self.sent_bytes += _SENT_AT_ONCE

    def _find_refusal(self, environ: Environ, body: bytes) -> tuple[int, str] | None:
        failure = self.upcoming.popleft() if self.upcoming else self.failure
        if failure is not None:
            return failure, "SlowDown"
        scheme, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "AWS4-HMAC-SHA256" or environ.get("HTTP_X_AMZ_SECURITY_TOKEN") is not None:
            return 403, "AccessDenied"
        access_key, _, region, service, _ = fields["Credential"].split("/")
        if access_key != ACCESS_KEY:
            return 403, "InvalidAccessKeyId"
        if service != "s3" or (self.region is not None and region != self.region):
            return 400, "AuthorizationHeaderMalformed"
        checksum = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
        if len(checksum) == 64 and checksum != hashlib.sha256(body).hexdigest():
            return 400, "XAmzContentSHA256Mismatch"
        if fields["Signature"] != self._sign(environ, fields["SignedHeaders"].split(";"), region):
            return 403, "SignatureDoesNotMatch"
        return None

    def _sign(self, environ: Environ, names: list[str], region: str) -> str:
        """The signature as botocore makes it of the same request."""
        headers = {name: _header(environ, name) for name in names}
        request = AWSRequest(environ["REQUEST_METHOD"], self.endpoint + environ["RAW_URI"], headers)
        request.context["timestamp"] = headers["x-amz-date"]
        auth = S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", region)
        return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


@dataclass(frozen=True)
class Bucket:
    """A bucket of a server, and what the store really holds in it."""

    server: S3Double
    name: str

    def settings(self, **others: Any) -> dict[str, Any]:
        """The settings that lead here; `others` win."""
        return {
            "object_storage_provider": "s3",
            "object_storage_bucket": self.name,
            "object_storage_endpoint": self.server.endpoint,
            "object_storage_access_key": ACCESS_KEY,
            "object_storage_secret_key": SECRET_KEY,
            **others,
        }

    def list_keys(self) -> list[str]:
        """All keys, in order."""
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def list_uploads(self) -> list[str]:
        """The keys of the multipart uploads that nobody has completed or aborted."""
        answer = self.server.client.list_multipart_uploads(Bucket=self.name)
        return [upload["Key"] for upload in answer.get("Uploads", [])]


def _header(environ: Environ, name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", ""))


class _Handler(MotoRequestHandler):
    """Keeps the output of tests free of access logs."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass

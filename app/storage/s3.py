"""The bucket of the settings: how its server is addressed, who signs, and how long anybody waits for it.

Source: providers.md, sections 5.1 and 5.2; pipeline.md, section 16.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from obstore.store import S3Store

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class S3Patience:
    """How long a bucket's server is waited for. Whoever needs more than that tries again, as the workers do.

    `silence_seconds` counts from the last byte of the server, and the sending of a request is silence, too: a part of
    5 MiB in 20 s is 2 Mbit/s. A server that hangs so costs one try, since no other begins after `retry_seconds`; one
    that answers 503 costs all `retries`, in about a second. `request_seconds` is for a whole recording.
    """

    connect_seconds: float = 3
    silence_seconds: float = 20
    request_seconds: float = 600
    retries: int = 3
    retry_seconds: float = 10


PATIENCE = S3Patience()


def open_bucket(settings: Settings, patience: S3Patience = PATIENCE) -> S3Store:
    """Open the bucket; nothing connects before the first use. The bucket has to be there already."""
    endpoint = bucket_endpoint(settings)
    return S3Store(
        settings.object_storage_bucket,
        **_without_none(
            # Under this name, since an AWS_ENDPOINT_URL_S3 of the environment beats the plain `endpoint`.
            aws_endpoint_url_s3=endpoint,
            region=settings.object_storage_region,
            credential_provider=_credentials(settings),
        ),
        virtual_hosted_style_request=not settings.object_storage_path_style_access,
        # Deleting many objects with one request is what compatible servers lack most often.
        disable_bulk_delete=True,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=patience.connect_seconds),
            "read_timeout": timedelta(seconds=patience.silence_seconds),
            "timeout": timedelta(seconds=patience.request_seconds),
        },
        retry_config={
            "max_retries": patience.retries,
            "retry_timeout": timedelta(seconds=patience.retry_seconds),
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
        },
    )


def bucket_endpoint(settings: Settings) -> str | None:
    """The address that keys are appended to, as obstore wants it: without path style, it has to name the bucket.

    None without OBJECT_STORAGE_ENDPOINT: the address of AWS for the region.
    """
    endpoint = settings.object_storage_endpoint
    if endpoint is None or settings.object_storage_path_style_access:
        return endpoint
    url = urlsplit(endpoint)
    prefix = f"{settings.object_storage_bucket}."
    return endpoint if url.netloc.startswith(prefix) else urlunsplit(url._replace(netloc=prefix + url.netloc))


def _credentials(settings: Settings) -> Any:
    """The key of the settings, alone: passed as options, it would be mixed with an AWS_SESSION_TOKEN around it.

    None without a key: AWS_ACCESS_KEY_ID and its like, else the role of the container or machine.
    """
    if settings.object_storage_access_key is None:
        return None
    key = {
        "access_key_id": settings.object_storage_access_key,
        "secret_access_key": settings.object_storage_secret_key,
        "token": None,
        "expires_at": None,
    }
    return lambda: key


def _without_none(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}

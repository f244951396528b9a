"""Keeps foreign web pages off a server that asks nobody who they are.

A page can make a browser send requests to this machine, or let a name of its own resolve to it. Both show in headers
that a page cannot choose. Source: rest.md, section 1.3 (AU7).
"""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from app.errors import AuthInvalidError, AuthScheme
from app.settings import Settings

MAX_HOST_CHARS = 261
"""The longest name of the DNS, a colon and a port."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_origin(settings: Settings, *, scheme: str, host: str | None, origin: str | None) -> None:
    """Let a request pass that was meant for this server and does not come from a foreign page.

    `scheme` is that of the request, `host` and `origin` are its headers.

    Raises:
        AuthInvalidError: it was not, or it does.
    """
    if not _is_ours(settings, host):
        raise AuthInvalidError(AuthScheme.ORIGIN)
    if origin is None or origin in settings.cors_allowed_origins:
        return
    own = {_normalize(f"{scheme}://{host}"), _normalize(settings.public_base_url or "")} - {None}
    if _normalize(origin) not in own:
        raise AuthInvalidError(AuthScheme.ORIGIN)


def _is_ours(settings: Settings, host: str | None) -> bool:
    if not host or len(host) > MAX_HOST_CHARS:
        return False
    return _names_us(host, tuple(settings.allowed_hosts), settings.public_base_url)


@lru_cache(maxsize=64)
def _names_us(host: str, allowed_hosts: tuple[str, ...], public_base_url: str | None) -> bool:
    name = _host_name(f"//{host}")
    if name is None:
        return False
    allowed = {"localhost", *(allowed.lower() for allowed in allowed_hosts)}
    if public_base_url:
        allowed.add(_host_name(public_base_url) or "")
    return name in allowed or _is_address(name)


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _normalize(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what has no such three, `null` included."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if parts.hostname is None or port is None else (parts.scheme, parts.hostname, port)

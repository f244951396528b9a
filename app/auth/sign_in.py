"""Who makes a request, and whether they may: for both doors, and for every transport, the same.

Source: rest.md, sections 1.3 and 1.4 (steps 3 to 5).
"""

import asyncio
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers

from app.auth import local
from app.auth.api_keys import check_api_key, read_api_key
from app.auth.origins import check_origin
from app.db import is_unreachable
from app.errors import (
    AuthInvalidError,
    AuthMissingError,
    AuthScheme,
    ServiceUnavailableError,
)
from app.resources import Resources
from app.users.accounts import Account
from app.users.identity import Identity
from app.users.service import sign_in_user

SIGN_IN_SECONDS = 10
"""How long a request waits for a database that does not answer."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says about its sender; None where it says nothing. `scheme` is `http` or `https`."""

    scheme: str
    host: str | None
    origin: str | None
    api_key: str | None
    authorization: str | None
    local_user_id: str | None

    @classmethod
    def from_headers(cls, scheme: str, headers: Headers) -> "Credentials":
        return cls(
            scheme=scheme,
            host=headers.get("host"),
            origin=headers.get("origin"),
            api_key=read_api_key(headers),
            authorization=headers.get("authorization"),
            local_user_id=headers.get(local.HEADER),
        )


async def sign_in(resources: Resources, credentials: Credentials, *, is_reading: bool = False) -> Account:
    """Find the user of a request, or make the row on first sight; log lines of the request name it from here on.

    `is_reading`: the request changes nothing, and an account that was looked up a moment ago will do.

    Raises:
        AuthMissingError, AuthInvalidError: a key or a token is missing or not accepted, or the page is a foreign one.
        ValidationFailedError: `X-Local-User-Id` is malformed.
        AuthDisabledError, AccountDisabledError: there or here, the user is disabled.
        ServiceUnavailableError: the database or the identity keys do not answer.
    """
    settings = resources.settings
    if settings.is_open:
        check_origin(settings, scheme=credentials.scheme, host=credentials.host, origin=credentials.origin)
    check_api_key(credentials.api_key, settings.api_keys)
    identity = await _identify(resources, credentials)
    user = resources.recent_accounts.find(identity) if is_reading else None
    if user is None:
        user = await _find_user(resources, identity)
        resources.recent_accounts.remember(identity, user)
    structlog.contextvars.bind_contextvars(userId=str(user.id))
    user.require_enabled()
    return user


async def _identify(resources: Resources, credentials: Credentials) -> Identity:
    if resources.firebase is None:
        return local.local_identity(credentials.local_user_id)
    if credentials.authorization is None:
        raise AuthMissingError(AuthScheme.BEARER)
    scheme, _, token = credentials.authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthInvalidError(AuthScheme.BEARER)
    return await resources.firebase.identify(token.strip())


async def _find_user(resources: Resources, identity: Identity) -> Account:
    try:
        async with asyncio.timeout(SIGN_IN_SECONDS):
            return await sign_in_user(resources.database, identity)
    except Exception as error:
        if is_unreachable(error):
            log.warning("database_unavailable", error=type(error).__name__)
            raise ServiceUnavailableError from error
        raise

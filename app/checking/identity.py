"""Who signs users in, and the service account that disabled users and push messages need.

Source: providers.md, sections 4.1 and 4.4.
"""

import time

import httpx
import jwt

from app.auth.certificates import read_keys
from app.checking.asking import Service, answers_something_else, ask
from app.checking.verdicts import Verdict, failed, off, ok, warning
from app.settings import GOOGLE_TOKEN_URL, Settings

_MESSAGING_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 600
_ACCOUNT_VARIABLES = "FIREBASE_CLIENT_EMAIL and FIREBASE_PRIVATE_KEY"


async def check_sign_in(settings: Settings, http: httpx.AsyncClient) -> Verdict:
    """Whether the keys that tokens are checked with can be fetched."""
    if settings.firebase_project_id is None:
        return off("nobody signs in", "set FIREBASE_PROJECT_ID to let them")
    if settings.firebase_auth_emulator_host is not None:
        return warning(
            "tokens of the emulator are taken, which are unsigned", "unset FIREBASE_AUTH_EMULATOR_HOST outside of tests"
        )
    variable = "FIREBASE_CERTIFICATES_URL"
    service = Service("The address of Google's keys", settings.firebase_certificates_url, variable, variable)
    answer = await ask(http, service, "GET", "")
    if isinstance(answer, Verdict):
        return answer
    try:
        count = len(read_keys(answer.json()))
    except ValueError:
        return answers_something_else(service)
    return ok(f"tokens of {settings.firebase_project_id}, with {count} keys of Google")


async def check_service_account(
    settings: Settings, http: httpx.AsyncClient, *, token_url: str = GOOGLE_TOKEN_URL
) -> Verdict:
    """Whether Google gives the service account a token, as for a push message. None is sent."""
    account = settings.service_account
    if account is None:
        return off("no service account: no push, and disabled users stay", f"set {_ACCOUNT_VARIABLES}")
    now = int(time.time())
    claims = {
        "iss": account["client_email"],
        "scope": _MESSAGING_SCOPE,
        "aud": account["token_uri"],
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
    }
    try:
        assertion = jwt.encode(claims, account["private_key"], algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        return failed("the key of the service account cannot be read", "copy FIREBASE_PRIVATE_KEY anew, as one line")
    service = Service("Google", token_url, "the network", "FIREBASE_PRIVATE_KEY")
    refused = failed(
        "Google does not know the service account or its key", f"check {_ACCOUNT_VARIABLES}, and the clock"
    )
    form = {"grant_type": _GRANT_TYPE, "assertion": assertion}
    answer = await ask(http, service, "POST", "", data=form, expected={400: refused, 401: refused, 403: refused})
    if isinstance(answer, Verdict):
        return answer
    return ok("Google gives a token") if b'"access_token"' in answer.content else answers_something_else(service)

"""Sign-in with Firebase: tokens are verified here, with Google's public keys; with a service account, users too.

Source: rest.md, section 1.3; providers.md, section 4.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from app.auth.accounts import FirebaseAccounts
from app.auth.certificates import CertificateCache
from app.auth.tokens import EmulatorTokenReader, TokenVerifier
from app.observability.metrics import Metrics
from app.providers.sending import WatchedClient, tls_context
from app.settings import Settings
from app.users.identity import Identity

TIMEOUT_SECONDS = 5


class Firebase:
    """One project. `certificates` is None with the emulator, `accounts` without a service account."""

    def __init__(
        self,
        verifier: TokenVerifier | EmulatorTokenReader,
        certificates: CertificateCache | None,
        accounts: FirebaseAccounts | None,
    ) -> None:
        self._verifier = verifier
        self._certificates = certificates
        self._accounts = accounts

    def warm_up(self) -> None:
        """Begin to fetch what the first request will need."""
        if self._certificates is not None:
            self._certificates.warm_up()

    async def identify(self, token: str) -> Identity:
        """Say whose token it is.

        Raises:
            AuthInvalidError, AuthDisabledError, ServiceUnavailableError: as verifier and accounts do.
        """
        verified = await self._verifier.verify(token)
        if self._accounts is not None:
            await self._accounts.check(verified.identity.external_user_id, verified.issued_at)
        return verified.identity

    async def delete_user(self, external_user_id: str) -> None:
        """Delete a user at the provider, as well as it goes; without a service account, nothing."""
        if self._accounts is not None:
            await self._accounts.delete(external_user_id)


@asynccontextmanager
async def open_firebase(settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[Firebase | None]:
    """Open what the settings ask for; None when nobody signs in. Nothing is fetched yet."""
    project_id = settings.firebase_project_id
    if project_id is None:
        yield None
        return
    async with AsyncExitStack() as stack:
        accounts = None
        if settings.service_account is not None:
            accounts = FirebaseAccounts(project_id, settings.service_account)
            stack.push_async_callback(accounts.close)
        if settings.firebase_auth_emulator_host is not None:
            yield Firebase(EmulatorTokenReader(project_id), None, accounts)
            return
        client = await stack.enter_async_context(WatchedClient(metrics, timeout=TIMEOUT_SECONDS, verify=tls_context()))
        certificates = CertificateCache(client, settings.firebase_certificates_url)
        stack.push_async_callback(certificates.close)
        yield Firebase(TokenVerifier(project_id, certificates), certificates, accounts)

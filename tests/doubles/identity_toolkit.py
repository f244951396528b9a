"""A double of the part of Google's Identity Toolkit that firebase-admin asks with a service account.

`FIREBASE_AUTH_EMULATOR_HOST` leads firebase-admin here; it then names itself `owner` instead of using its key.
The answers are those of the Firebase emulator, see `tests/firebase/`. Source: providers.md, sections 4.2 and 4.3.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer
from tests.doubles.id_tokens import PROJECT_ID


@dataclass(slots=True)
class Account:
    """A user. Tokens that were issued before `valid_since`, in seconds since 1970, are revoked."""

    local_id: str
    email: str | None = None
    disabled: bool = False
    valid_since: int = 0


class IdentityToolkit(HttpDouble):
    """Answers `accounts:lookup` and `accounts:delete` for one project. See `HttpDouble` for what can go wrong.

    Mind that firebase-admin repeats a request that failed with 500 or 503 four times, over about seven seconds.
    """

    def __init__(self, project_id: str = PROJECT_ID) -> None:
        self.accounts: dict[str, Account] = {}
        prefix = f"/identitytoolkit.googleapis.com/v1/projects/{project_id}"
        self._lookup_path = f"{prefix}/accounts:lookup"
        self._operations: Mapping[str, Callable[[dict[str, object]], Answer]] = {
            self._lookup_path: self._look_up,
            f"{prefix}/accounts:delete": self._delete,
        }
        super().__init__()

    @property
    def lookups(self) -> int:
        """How often somebody was looked up, failures included."""
        return sum(request.path == self._lookup_path for request in self.requests)

    def add(self, local_id: str, *, email: str | None = None, disabled: bool = False, valid_since: int = 0) -> Account:
        """Let there be a user; change its state through what is returned."""
        account = self.accounts[local_id] = Account(local_id, email, disabled, valid_since)
        return account

    def answer(self, request: Request) -> Answer:
        operation = self._operations.get(request.path)
        if request.method != "POST" or operation is None:
            return _refuse(404, "Not Found", "NOT_FOUND")
        authorization = request.headers.get("Authorization", "")
        if not authorization.startswith("Bearer "):
            return _refuse(403, "The request is missing a valid API key.", "PERMISSION_DENIED")
        if authorization != "Bearer owner":
            return _refuse(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _refuse(400, "Invalid JSON payload received.", "INVALID_ARGUMENT")
        return operation(body)

    def _look_up(self, body: dict[str, object]) -> Answer:
        local_ids = body.get("localId")
        if not isinstance(local_ids, list):
            return _refuse(400, "Invalid JSON payload received. /localId must be array", "INVALID_ARGUMENT")
        found = [_show(account) for local_id, account in self.accounts.items() if local_id in local_ids]
        return json_answer({"kind": "identitytoolkit#GetAccountInfoResponse", **({"users": found} if found else {})})

    def _delete(self, body: dict[str, object]) -> Answer:
        local_id = body.get("localId")
        if local_id is None:
            return _refuse(400, "MISSING_LOCAL_ID")
        if not isinstance(local_id, str):
            return _refuse(400, "Invalid JSON payload received. /localId must be string", "INVALID_ARGUMENT")
        if self.accounts.pop(local_id, None) is None:
            return _refuse(400, "USER_NOT_FOUND")
        return json_answer({"kind": "identitytoolkit#DeleteAccountResponse"})


def _show(account: Account) -> dict[str, object]:
    # Numbers of 64 bits are strings in Google's JSON.
    shown = {"localId": account.local_id, "disabled": account.disabled, "validSince": str(account.valid_since)}
    return shown if account.email is None else {**shown, "email": account.email, "emailVerified": True}


def _refuse(code: int, message: str, status: str | None = None) -> Answer:
    error: dict[str, object] = {"code": code, "message": message, "errors": [{"message": message, "domain": "global"}]}
    return json_answer({"error": error if status is None else {**error, "status": status}}, code)

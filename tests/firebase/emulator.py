"""The Firebase Auth emulator as a process, and what tests ask of it. Source: providers.md, section 4.3.

Installed by `make test` from the lock file beside this one, where there is Node.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.doubles.id_tokens import PROJECT_ID

FOLDER = Path(__file__).parent
COMMAND = FOLDER / "node_modules" / "firebase-tools" / "lib" / "bin" / "firebase.js"

START_SECONDS = 90.0
STOP_SECONDS = 15.0

_OWNER = {"Authorization": "Bearer owner"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the emulator tells a client that has signed up or in."""

    local_id: str
    id_token: str
    refresh_token: str


class FirebaseEmulator:
    """A client of a running emulator. `host` is for `FIREBASE_AUTH_EMULATOR_HOST`.

    What the emulator refuses is an `httpx.HTTPStatusError`.
    """

    def __init__(self, host: str, project_id: str = PROJECT_ID) -> None:
        self.host = host
        self.project_id = project_id
        self._http = httpx.Client(base_url=f"http://{host}", timeout=30, trust_env=False)
        self._accounts = "/identitytoolkit.googleapis.com/v1"

    def is_ready(self) -> bool:
        """Whether it answers yet."""
        try:
            return "authEmulator" in self._http.get("/").raise_for_status().json()
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Close the connections; the emulator runs on."""
        self._http.close()

    def sign_up(self, email: str, password: str = "correct horse", **account: str) -> SignedIn:
        """Register a user; `account` are further members of the request, such as `displayName`."""
        return self._sign("signUp", {"email": email, "password": password, **account})

    def sign_in(self, email: str, password: str = "correct horse") -> SignedIn:
        """Sign in a user who has registered."""
        return self._sign("signInWithPassword", {"email": email, "password": password})

    def disable(self, local_id: str) -> None:
        """Lock a user out."""
        self._change("update", {"localId": local_id, "disableUser": True})

    def revoke(self, local_id: str, valid_since: int) -> None:
        """Revoke all tokens of a user that were issued before that time, in seconds since 1970."""
        self._change("update", {"localId": local_id, "validSince": str(valid_since)})

    def delete(self, local_id: str) -> None:
        """Delete a user."""
        self._change("delete", {"localId": local_id})

    def clear(self) -> None:
        """Delete all users."""
        self._http.delete(f"/emulator/v1/projects/{self.project_id}/accounts").raise_for_status()

    def _sign(self, method: str, body: Mapping[str, str]) -> SignedIn:
        answer = self._post(f"{self._accounts}/accounts:{method}?key=any", {**body, "returnSecureToken": True})
        return SignedIn(answer["localId"], answer["idToken"], answer["refreshToken"])

    def _change(self, method: str, body: Mapping[str, object]) -> None:
        self._post(f"{self._accounts}/projects/{self.project_id}/accounts:{method}", body, _OWNER)

    def _post(self, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        response = self._http.post(path, json=body, headers=headers).raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def find_node() -> str | None:
    """The path of Node, when the emulator is installed; None otherwise."""
    return shutil.which("node") if COMMAND.exists() else None


@contextmanager
def run_emulator(node: str, folder: Path) -> Iterator[FirebaseEmulator]:
    """Start an emulator whose files are all in an empty folder, and stop it when the block ends."""
    auth, hub, logging = _find_free_ports(3)
    _write_config(folder, auth=auth, hub=hub, logging=logging)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node, str(COMMAND), "emulators:start", "--only", "auth", "--project", PROJECT_ID],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    emulator = FirebaseEmulator(f"127.0.0.1:{auth}")
    try:
        _wait_until_ready(process, emulator, log)
        yield emulator
    finally:
        emulator.close()
        _stop(process)


def _find_free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; the emulator does not take port 0."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _write_config(folder: Path, **ports: int) -> None:
    emulators: dict[str, object] = {name: {"host": "127.0.0.1", "port": port} for name, port in ports.items()}
    # The user interface would be downloaded.
    emulators |= {"ui": {"enabled": False}, "singleProjectMode": True}
    (folder / "firebase.json").write_text(json.dumps({"emulators": emulators}))


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's own: no account, no proxy, no usage statistics; temporary files in the folder."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        # Without it, a message of the day is fetched at the start.
        "CI": "true",
        "NO_UPDATE_NOTIFIER": "1",
    }


def _wait_until_ready(process: "subprocess.Popen[bytes]", emulator: FirebaseEmulator, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if emulator.is_ready():
            return
        time.sleep(0.05)
    raise AssertionError(f"The emulator did not start:\n{log.read_text()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

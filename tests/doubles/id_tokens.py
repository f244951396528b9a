"""Firebase ID tokens as tests need them: good ones, and the known ways to forge one. Source: providers.md, section 4.1.

Written with `cryptography` instead of the library that verifies them: that one rightly refuses to make most forgeries.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PROJECT_ID = "demo-scryon"
LIFE_SECONDS = 3600

ABSENT: Final = object()
"""As the value of a claim or header field: leave it out."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key as Google has them: RSA with 2048 bits, and a self-signed certificate (PEM) whose SHA-1 is the key id."""

    kid: str
    private_key: RSAPrivateKey
    certificate: str

    @property
    def private_pem(self) -> str:
        """The private key as service accounts carry theirs."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def signing_key(number: int) -> SigningKey:
    """A key that is made on first use, and is the same for the whole run."""
    private_key = generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"securetoken-{number}.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=16))
        .sign(private_key, SHA256())
    )
    kid = certificate.fingerprint(SHA1()).hex()
    return SigningKey(kid, private_key, certificate.public_bytes(Encoding.PEM).decode())


def make_claims(
    *,
    uid: str = "V1aXKcTEdqhLR2aTVSGbIHEwRqz1",
    project_id: str = PROJECT_ID,
    expires_in_seconds: int = LIFE_SECONDS,
    issued_seconds_ago: int = 0,
    signed_in_seconds_ago: int = 0,
    **claims: Any,
) -> dict[str, Any]:
    """The claims of somebody who signs in with Google just now; any of them can be given, or be `ABSENT`."""
    now = int(time.time())
    usual = {
        "name": "Meera Nair",
        "picture": "https://lh3.googleusercontent.com/a/meera=s96-c",
        "iss": f"https://securetoken.google.com/{project_id}",
        "aud": project_id,
        "auth_time": now - signed_in_seconds_ago,
        "user_id": uid,
        "sub": uid,
        "iat": now - issued_seconds_ago,
        "exp": now + expires_in_seconds,
        "email": "meera@example.org",
        "email_verified": True,
        "firebase": {
            "identities": {"google.com": ["108204268033311374519"], "email": ["meera@example.org"]},
            "sign_in_provider": "google.com",
        },
    }
    return _without_absent({**usual, **claims})


def sign_token(claims: Mapping[str, object], key: SigningKey, **header: Any) -> str:
    """Sign as Firebase does.

    Fields of the header can be given, or be `ABSENT`: `kid="x"` names a key that nobody knows, and the kid of a known
    key makes a token that somebody else has signed.
    """
    usual = {"alg": "RS256", "kid": key.kid, "typ": "JWT"}
    return _join({**usual, **header}, claims, lambda text: key.private_key.sign(text, PKCS1v15(), SHA256()))


def make_unsigned_token(claims: Mapping[str, object], **header: Any) -> str:
    """A token without signature, which is what the emulator issues, and what a forger tries first (with a `kid`)."""
    return _join({"alg": "none", "typ": "JWT", **header}, claims, lambda _: b"")


def sign_with_certificate_text(claims: Mapping[str, object], key: SigningKey) -> str:
    """The classic confusion: HS256 with what everybody knows, the text of the certificate, as the secret."""
    secret = key.certificate.encode()
    header = {"alg": "HS256", "kid": key.kid, "typ": "JWT"}
    return _join(header, claims, lambda text: hmac.digest(secret, text, hashlib.sha256))


def tamper_with(token: str, **claims: Any) -> str:
    """Change claims of a signed token and keep its signature."""
    header, payload, signature = token.split(".")
    changed = _without_absent({**_decode(payload), **claims})
    return f"{header}.{_encode(json.dumps(changed).encode())}.{signature}"


def read_token(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token; nothing is checked."""
    header, payload, _ = token.split(".")
    return _decode(header), _decode(payload)


def _join(header: Mapping[str, object], claims: Mapping[str, object], sign: Callable[[bytes], bytes]) -> str:
    parts = [_without_absent(header), claims]
    text = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{text}.{_encode(sign(text.encode()))}"


def _without_absent(members: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ABSENT}


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(part: str) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return members

"""Every way known to us in which a token is not good, by name. Source: providers.md, section 4.1."""

from collections.abc import Callable

from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import (
    ABSENT,
    PROJECT_ID,
    make_claims,
    make_unsigned_token,
    sign_token,
    sign_with_certificate_text,
    tamper_with,
)

FORGERIES: dict[str, Callable[[GoogleKeys], str]] = {
    "expired": lambda keys: keys.sign(expires_in_seconds=-11),
    "not yet issued": lambda keys: keys.sign(issued_seconds_ago=-30),
    "not yet valid": lambda keys: keys.sign(nbf=2**31),
    "other audience": lambda keys: keys.sign(aud="other-project"),
    "audience of many": lambda keys: keys.sign(aud=[PROJECT_ID, "other-project"]),
    "other issuer": lambda keys: keys.sign(iss="https://securetoken.google.com/other-project"),
    "other project": lambda keys: keys.sign(project_id="other-project"),
    "no subject": lambda keys: keys.sign(sub=ABSENT),
    "empty subject": lambda keys: keys.sign(sub=""),
    "blank subject": lambda keys: keys.sign(sub="  "),
    "long subject": lambda keys: keys.sign(sub="x" * 129),
    "number for subject": lambda keys: keys.sign(sub=7),
    "subject with NUL": lambda keys: keys.sign(sub="a\x00b"),
    "no expiry": lambda keys: keys.sign(exp=ABSENT),
    "text for expiry": lambda keys: keys.sign(exp="soon"),
    "endless expiry": lambda keys: keys.sign(exp=1e400),
    "no time of issue": lambda keys: keys.sign(iat=ABSENT),
    "unsigned": lambda keys: make_unsigned_token(make_claims()),
    "unsigned with a known key": lambda keys: make_unsigned_token(make_claims(), kid=keys.key.kid),
    "signed with the certificate": lambda keys: sign_with_certificate_text(make_claims(), keys.key),
    "other algorithm named": lambda keys: sign_token(make_claims(), keys.key, alg="RS512"),
    "no algorithm": lambda keys: sign_token(make_claims(), keys.key, alg=ABSENT),
    "tampered": lambda keys: tamper_with(keys.sign(), sub="somebody-else"),
    "signed by another key": lambda keys: sign_token(make_claims(), keys.unpublished_key, kid=keys.key.kid),
    "unknown key": lambda keys: sign_token(make_claims(), keys.unpublished_key),
    "no key named": lambda keys: sign_token(make_claims(), keys.key, kid=ABSENT),
    "number for a key": lambda keys: sign_token(make_claims(), keys.key, kid=7),
    "one part": lambda keys: "zebra",
    "two parts": lambda keys: keys.sign().rpartition(".")[0],
    "four parts": lambda keys: keys.sign() + ".x",
    "no base64": lambda keys: "ä.ö.ü",
    "no JSON": lambda keys: "eA.eA.eA",
    "empty parts": lambda keys: "..",
    "nested header": lambda keys: "W1tb" * 2000 + ".e30.eA",
    "a megabyte": lambda keys: "x" * 1024 * 1024,
    "a megabyte, signed": lambda keys: keys.sign(padding="x" * 1024 * 1024),
}

"""A double of where Google publishes the keys of Firebase ID tokens. Source: providers.md, section 4.1."""

from typing import Any

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer
from tests.doubles.id_tokens import SigningKey, make_claims, sign_token, signing_key

PATH = "/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"


class GoogleKeys(HttpDouble):
    """Publishes two keys, as Google does; the newest one signs. See `HttpDouble` for what can go wrong.

    `max_age_seconds` is what `Cache-Control` says; None leaves the header out.
    """

    def __init__(self) -> None:
        self.max_age_seconds: int | None = 19_302
        self._published = range(2)
        super().__init__()

    @property
    def url(self) -> str:
        """The address of the certificates."""
        return f"http://{self.host}{PATH}"

    @property
    def keys(self) -> list[SigningKey]:
        """What is published, the newest last."""
        return [signing_key(number) for number in self._published]

    @property
    def key(self) -> SigningKey:
        """The key that tokens are signed with."""
        return self.keys[-1]

    @property
    def unpublished_key(self) -> SigningKey:
        """A key that is not served; the one that the next rotation brings."""
        return signing_key(self._published.stop)

    def rotate(self) -> SigningKey:
        """Withdraw the oldest key and publish a new one, which signs from now on."""
        self._published = range(self._published.start + 1, self._published.stop + 1)
        return self.key

    def sign(self, **claims: Any) -> str:
        """A token that Firebase would issue; `claims` as in `make_claims`."""
        return sign_token(make_claims(**claims), self.key)

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != ("GET", PATH):
            return json_answer({"error": {"code": 404, "message": "Not Found", "status": "NOT_FOUND"}}, 404)
        headers = {}
        if self.max_age_seconds is not None:
            headers["Cache-Control"] = f"public, max-age={self.max_age_seconds}, must-revalidate, no-transform"
        return json_answer({key.kid: key.certificate for key in self.keys}, headers=headers)

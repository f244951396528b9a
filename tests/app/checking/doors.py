"""Just enough of each service to try a key on: strict about the request, and silent about everything else."""

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer

KEY = "sk-the-right-key"


class Door(HttpDouble):
    """Answers `method path` of whoever brings the key with `opened`; 401 without it, 404 elsewhere."""

    method, path = "GET", "/"
    opened: Answer

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != (self.method, self.path):
            return json_answer({"message": "no such endpoint"}, 404)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return json_answer({"error": {"message": f"Incorrect key: {request.headers.get('Authorization')}"}}, 401)
        return self.open(request)

    def open(self, request: Request) -> Answer:
        return self.opened


class LemonfoxDoor(Door):
    """Refuses a request without a recording, after it has looked at the key."""

    method, path = "POST", "/v1/audio/transcriptions"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    def open(self, request: Request) -> Answer:
        assert request.headers.get_content_type() == "multipart/form-data"
        assert b'name="file"' not in request.body
        return json_answer({"error": {"message": "file is required"}}, 400)


class PyannoteDoor(Door):
    path = "/v1/test"
    opened = json_answer({"status": "OK", "message": "Test"})


class ModelsDoor(Door):
    path = "/v1/models"
    opened = json_answer({"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]})

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"


class TokenDoor(HttpDouble):
    """Gives a token for a signed assertion; `answered` is another answer instead."""

    answered: Answer | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}/token"

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/token"):
            return json_answer({"error": "not_found"}, 404)
        assert request.headers.get_content_type() == "application/x-www-form-urlencoded"
        return self.answered or json_answer({"access_token": "ya29.secret", "expires_in": 3599, "token_type": "Bearer"})

"""uvicorn's HTTP protocol with a bound on what comes before the body, which its parser lacks."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 2 * 1024 * 1024
"""Request line and headers: a token of a megabyte is still answered in order, an endless one is not."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 400 and hangs up when a head does not end."""

    _head_bytes: int | None = 0
    """Since the head began; None while a body is read."""

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The request line and headers are too long.")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        if self._head_bytes is None:
            self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()

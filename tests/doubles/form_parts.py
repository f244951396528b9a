"""Takes multipart/form-data apart as a server does that forgives nothing; shares no code with our own reader."""

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser


class NoFormError(ValueError):
    """The body is not what its content type says."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """A part as sent; `file_name` and `content_type` are None where it has none."""

    name: str
    file_name: str | None
    content_type: str | None
    content: bytes

    @property
    def text(self) -> str:
        """The value of a text part."""
        return self.content.decode()


def read_form(content_type: str | None, body: bytes) -> list[FormPart]:
    """The parts in order.

    Raises:
        NoFormError: another content type, no boundary, a broken frame, or a part without a name.
    """
    head = Message()
    head["Content-Type"] = content_type or ""
    boundary = head.get_boundary()
    if head.get_content_type() != "multipart/form-data" or not boundary:
        raise NoFormError("no multipart/form-data with a boundary")
    before, *parts = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    end = parts.pop() if parts else b""
    if before or end != b"--\r\n" or any(not part.startswith(b"\r\n") for part in parts):
        raise NoFormError("the boundaries do not frame the body")
    return [_read_part(part[2:]) for part in parts]


def _read_part(part: bytes) -> FormPart:
    head, separator, content = part.partition(b"\r\n\r\n")
    headers = BytesHeaderParser().parsebytes(head)
    name = headers.get_param("name", header="Content-Disposition")
    if not separator or headers.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise NoFormError("a part has no name")
    return FormPart(name, headers.get_filename(), headers["Content-Type"], content)

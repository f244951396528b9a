"""Uploads to a presigned address. Source: providers.md, section 2.2."""

import re

import httpx

_ADDRESS = re.compile(r"https?://[^/?#@]+(?P<target>(?:[/?][^#]*)?)(?:#.*)?", re.IGNORECASE)
_PRINTABLE = re.compile(r"[!-~]+")


def make_upload(address: str, content: bytes) -> httpx.Request:
    """The PUT of `content`, to the address byte for byte: its signature covers what a client might tidy up.

    It has no headers but the type and the length, so above all no key.

    Raises:
        ValueError: that is no address, or one with a user's name in it, which would be sent as a header.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not _PRINTABLE.fullmatch(address):
        raise ValueError("not an address")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise ValueError("not an address") from error
    headers = {"Content-Type": "application/octet-stream"}
    target = found["target"] if found["target"].startswith("/") else f"/{found['target']}"
    if url.raw_path == target.encode():
        return httpx.Request("PUT", url, headers=headers, content=content)
    # Only where it is needed: the CONNECT to a proxy, which comes before, would be sent to this target, too.
    return httpx.Request("PUT", url, headers=headers, content=content, extensions={"target": target.encode()})

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Body, Depends, Header, Request, Response

from rest.endpoint import Endpoint


async def _name(request: Request) -> str:
    return "Alice"


async def _greeting(request: Request, name: Annotated[str, Depends(_name)]) -> str:
    return f"Hello, {name}"


async def _page(page: int) -> int:
    return page


def _at_once(request: Request) -> str:
    return "Alice"


async def _by_query(request: Request, page: int) -> None: ...
async def _by_header(accept: Annotated[str, Header()]) -> None: ...
async def _by_body(title: Annotated[str, Body()]) -> None: ...
async def _by_number(id: int) -> None: ...
async def _by_response(id: str, response: Response) -> None: ...
async def _by_chain(greeting: Annotated[str, Depends(_greeting)]) -> None: ...
async def _by_query_of_another(page: Annotated[int, Depends(_page)]) -> None: ...
async def _by_blocking_caller(name: Annotated[str, Depends(_at_once)]) -> None: ...
def _blocking(id: str) -> None: ...


@pytest.mark.parametrize(
    "endpoint",
    [
        _by_query,
        _by_header,
        _by_body,
        _by_number,
        _by_response,
        _by_chain,
        _by_query_of_another,
        _by_blocking_caller,
        _blocking,
    ],
)
def test_endpoint_that_wants_what_it_would_not_get_is_refused(endpoint: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="takes more than the request, parts of its path and callers"):
        Endpoint("/things/{id}", endpoint, methods=["POST"])

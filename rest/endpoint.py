"""Routes whose endpoints take what ours take, and nothing else: the request, parts of its path, a caller.

FastAPI's own way from a request to an endpoint reads bodies, solves dependencies of any kind and keeps stacks for what
they open: a tenth of a small request.
"""

from collections.abc import Callable, Coroutine, Set
from inspect import iscoroutinefunction, signature
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import request_response


class Endpoint(APIRoute):
    """A route for `route_class`; parts of its path are texts, the dependencies of its endpoint take the request alone.

    Raises:
        TypeError: when it is declared, for an endpoint that wants anything else.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Without FastAPI's stacks around it.
        self.app = request_response(self.get_route_handler())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Make the function that answers a request."""
        wanted = self.dependant
        endpoint: Any = wanted.call
        request_name = wanted.request_param_name
        callers: list[tuple[str, Any]] = [(str(caller.name), caller.call) for caller in wanted.dependencies]
        # FastAPI would make something else of a part that is not declared as text.
        given = {part.name for part in wanted.path_params if part.field_info.annotation is str}
        given |= {str(request_name), *(name for name, _ in callers)}
        makers = [(caller.call, {str(caller.request_param_name)}) for caller in wanted.dependencies]
        if not all(_runs_with(function, names) for function, names in ((endpoint, given), *makers)):
            raise TypeError(f"{self.name} takes more than the request, parts of its path and callers")

        async def answer(request: Request) -> Response:
            values: dict[str, Any] = dict(request.path_params)
            if request_name is not None:
                values[request_name] = request
            for name, make_caller in callers:
                values[name] = await make_caller(request)
            response: Response = await endpoint(**values)
            return response

        return answer


def _runs_with(function: Any, names: Set[str]) -> bool:
    return iscoroutinefunction(function) and signature(function).parameters.keys() <= names

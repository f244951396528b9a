"""Liveness. Source: rest.md, section 2.1."""

from importlib.metadata import version

from fastapi import APIRouter, Response

from app.errors import MethodNotAllowedError
from rest.answers import json_answer
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint

router = APIRouter(route_class=Endpoint)

VERSION = version("scryon")

_SCHEMA = {
    "type": "object",
    "properties": {"status": {"const": "ok"}, "version": {"type": "string", "examples": [VERSION]}},
    "required": ["status", "version"],
    "additionalProperties": False,
}


@router.api_route("/api/health", methods=["GET", "HEAD"])
@documented(Documentation("getHealth", schema=_SCHEMA, errors=(MethodNotAllowedError,), is_public=True))
async def get_health() -> Response:
    """Say that this process lives; touches nothing else."""
    return json_answer({"status": "ok", "version": VERSION})

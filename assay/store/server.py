"""A folder of blobs, served over HTTP: `GET`, `HEAD` and `PUT` of `/blobs/<content id>`, and nothing else.

Whoever reads verifies anyway; what is written is verified here, so that a blob is there right or not at all. Anyone who
reaches the server can write to it: give it to the world only behind something that knows its users.
"""

from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from assay.content import is_content_id
from assay.errors import AssayError, BlobTooLargeError, IntegrityError
from assay.store.base import MAX_BLOB, check_size
from assay.store.local import LocalStore

MAX_CONNECTIONS = 100


def make_app(store: LocalStore, limit: int = MAX_BLOB) -> Starlette:
    """The server as an ASGI application. Blobs above `limit` bytes are refused."""

    async def read(request: Request) -> Response:
        blob_id = request.path_params["blob_id"]
        if not is_content_id(blob_id) or not store.has(blob_id):
            return PlainTextResponse("no such blob\n", 404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(store.path_of(blob_id), media_type="application/octet-stream", headers=headers)

    async def write(request: Request) -> Response:
        blob_id = request.path_params["blob_id"]
        if not is_content_id(blob_id):
            return PlainTextResponse("no content id\n", 404)
        announced = request.headers.get("content-length", "0")
        try:
            check_size(int(announced) if announced.isdecimal() else 0, limit, blob_id)
            with store.receive(blob_id, limit) as incoming:
                async for piece in request.stream():
                    incoming.write(piece)
        except AssayError as refused:
            return PlainTextResponse(f"{refused}\n", _status_of(refused))
        except ClientDisconnect:
            return Response(status_code=400)
        return PlainTextResponse(f"{blob_id}\n", 201)

    route = "/blobs/{blob_id}"
    return Starlette(routes=[Route(route, read, methods=["GET", "HEAD"]), Route(route, write, methods=["PUT"])])


def _status_of(refused: AssayError) -> int:
    """The HTTP status for a blob that cannot be kept."""
    if isinstance(refused, BlobTooLargeError):
        return 413
    return 400 if isinstance(refused, IntegrityError) else 507


def make_server(folder: Path, host: str, port: int, limit: int = MAX_BLOB) -> uvicorn.Server:
    """A server that is not running yet; `run()` blocks until it is told to stop (`should_exit`, or a signal)."""
    config = uvicorn.Config(
        make_app(LocalStore(folder), limit),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=5,
    )
    return uvicorn.Server(config)

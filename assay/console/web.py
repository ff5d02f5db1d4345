"""What protects the console from other pages and other people: headers, origins, sizes."""

from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
"""Nothing from elsewhere, no script or style within a page."""

OUTPUT_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""For what strangers' programs wrote."""

MAX_BODY = 96 << 20
"""Bytes of a request: a program and an input of 64 MiB together, in base64."""


class Protection:
    """Headers for every answer; requests from other sites' pages, and too large ones, are refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                given.setdefault("Content-Security-Policy", POLICY)
                given["X-Content-Type-Options"] = "nosniff"
                given["Referrer-Policy"] = "no-referrer"
                given["Cross-Origin-Opener-Policy"] = "same-origin"
                given["Cross-Origin-Resource-Policy"] = "same-origin"
                given.setdefault("Cache-Control", "no-cache")
            await send(message)

        if (refused := _refused(scope, headers)) is not None:
            await refused(scope, receive, send_protected)
            return
        await self._app(scope, receive, send_protected)


def problem(status: int, code: str, message: str, **more: Any) -> JSONResponse:
    """The answer to a request that fails (`models.Fault`)."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, **more)


def _refused(scope: Scope, headers: Headers) -> JSONResponse | None:
    if scope["method"] in ("GET", "HEAD"):
        return None
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return problem(403, "forbidden", f"requests from {origin[:200]} are refused: open the console itself")
    # The server takes no more than what was announced.
    length = headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 12:
        return problem(400, "invalid", "the request does not say how long it is")
    if int(length) > MAX_BODY:
        return problem(413, "too_large", f"a request has at most {MAX_BODY} bytes")
    return None

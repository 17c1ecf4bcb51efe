"""The stand-in as a real HTTP server on its own loopback port."""

import logging
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from musicmatch.standins.spotify import accounts, control, web_api
from musicmatch.standins.spotify.damage import damaged
from musicmatch.standins.spotify.faults import SHAPE_KINDS, Fault, answer_of
from musicmatch.standins.spotify.pictures import picture
from musicmatch.standins.spotify.wire import (
    Answer,
    Refused,
    Request,
    api_error,
    html_answer,
    read_target,
)
from musicmatch.standins.spotify.world import HOST, World, known_listener

logger = logging.getLogger(__name__)

_LARGEST_BODY = 64 * 1024
_POLL_SECONDS = 0.02


class SpotifyStandin(World):
    """A pretend Spotify for development and tests; see ``World`` for its switches.

    Use it as a context manager, or call ``start`` and ``stop``. It listens on
    127.0.0.1 only.
    """

    _server: "_Server | None" = None
    _thread: threading.Thread | None = None

    def start(self, port: int = 0) -> None:
        """Listen on the port (0: any free one); raises ``OSError`` if it is taken."""
        self.stopping.clear()
        self._server = _Server((HOST, port), self)
        self.origin = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name="spotify-standin",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; slow answers still under way are cut short."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def grant(
        self,
        listener: str,
        scopes: Iterable[str] = ("user-top-read", "user-read-recently-played"),
    ) -> dict[str, object]:
        """The token answer after a consent, at once and without any page.

        Raises ``ValueError`` for a listener who does not exist.
        """
        return accounts.grant(self, known_listener(listener), scopes)

    def answer(self, request: Request) -> Answer:
        """Answer one request, with whatever fault is switched on for it."""
        if request.path.startswith("/_standin"):
            return _answer_or_refusal(self, request)
        if request.path.startswith("/v1/") and self.latency:
            self.stopping.wait(self.latency)
        fault = self.faults.take(request.path)
        answer = None if fault is None else answer_of(fault)
        if answer is None:
            answer = _answer_or_refusal(self, request)
        if fault is not None:
            answer = self._bent(answer, fault)
        self.remember(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            status=answer.status,
        )
        return answer

    def _bent(self, answer: Answer, fault: Fault) -> Answer:
        if fault.kind == "slow":
            self.stopping.wait(fault.seconds)
        if fault.kind == "cut":
            return replace(answer, cut=True)
        return damaged(answer, fault.kind) if fault.kind in SHAPE_KINDS else answer


def _answer_or_refusal(world: World, request: Request) -> Answer:
    try:
        return _route(world, request)
    except Refused as refusal:
        return refusal.answer


def _route(world: World, request: Request) -> Answer:
    path = request.path
    if path.startswith("/_standin/"):
        return control.answer(world, request)
    if path.startswith("/v1/"):
        return web_api.answer(world, request)
    if path == "/authorize" and request.method in ("GET", "POST"):
        return accounts.authorize(world, request)
    if path == "/api/token" and request.method == "POST":
        return accounts.token(world, request)
    if path.startswith("/image/") and request.method == "GET":
        return picture(path.removeprefix("/image/"))
    return html_answer("<!doctype html><title>Not found</title>", status=404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], standin: SpotifyStandin) -> None:
        self.standin = standin
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hang up; log the rest."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            logger.exception("The stand-in could not answer")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SpotifyStandin"
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _respond(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            self._send(api_error(413, "Request too large"))
            return
        path, query = read_target(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        request = Request(self.command, path, query, headers, body)
        self._send(self.server.standin.answer(request))

    def _send(self, answer: Answer) -> None:
        body = answer.body
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if answer.cut else body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the stand-in keeps its own log, without secrets."""

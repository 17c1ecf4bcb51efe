"""A real HTTP server on a loopback port, for anything that can answer requests."""

import logging
import socket
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from musicmatch.standins.wire import Answer, Request, read_request, text_answer

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
_LARGEST_BODY = 64 * 1024
_POLL_SECONDS = 0.02
_BODILESS = (204, 304)


class LoopbackServer(ABC):
    """Answers on 127.0.0.1 only; a context manager, or ``start`` and ``stop``."""

    _server: "_Server | None" = None
    _thread: threading.Thread | None = None

    def __init__(self) -> None:
        self.origin = f"http://{HOST}"
        self.stopping = threading.Event()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Answer one request; called from several threads at once."""

    def start(self, port: int = 0) -> None:
        """Listen on the port (0: any free one); raises ``OSError`` if it is taken."""
        self.stopping.clear()
        self._server = _Server((HOST, port), self)
        self.origin = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name="standin",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up; slow answers still under way come at once."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], standin: LoopbackServer) -> None:
        self.standin = standin
        self.is_over = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Answer no further call on connections that callers keep open."""
        self.is_over = True
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hang up; log the rest."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            logger.exception("The stand-in could not answer")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Standin"
    timeout = 10
    # The second piece of an answer would wait for the receipt of the first.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _respond(self) -> None:
        if self.server.is_over:
            self.close_connection = True
            return
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > _LARGEST_BODY:
            # What was not read must not be taken for the next call.
            self.close_connection = True
            self._send(text_answer("Request too large", status=413))
            return
        headers, body = dict(self.headers.items()), self.rfile.read(int(length))
        try:
            request = read_request(self.command, self.path, headers, body)
        except ValueError:
            self._send(text_answer("The address cannot be read", status=400))
            return
        self._send(self.server.standin.answer(request))

    def _send(self, answer: Answer) -> None:
        body = b"" if answer.status in _BODILESS else answer.body
        self.send_response(answer.status)
        if answer.status not in _BODILESS:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if answer.cut or self.close_connection:
            self.send_header("Connection", "close")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if answer.cut else body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a stand-in keeps its own log, without secrets."""

"""Metrics of a worker that shares no folder with a web process."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from musicmatch.watching.exposition import CONTENT_TYPE, Counts, exposed, may_read


def serve(bind: str, *, root: Path, token: str) -> ThreadingHTTPServer:
    """Answer ``/metrics`` at ``host:port`` until the process ends.

    Raises ``OSError`` where the port is taken.
    """
    host, _, port = bind.rpartition(":")

    class Answer(BaseHTTPRequestHandler):
        # Whoever trickles is let go of.
        timeout = 5

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self._say(404, b"")
            elif not may_read(self.headers.get("Authorization", ""), token):
                self._say(401, b"")
            else:
                self._say(200, exposed(Counts(root)))

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", "Bearer")
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "musicmatch"

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: it would write to stderr past the log."""

    server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), Answer)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server

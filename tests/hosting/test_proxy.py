"""Caddy itself, in front of a server that says what reached it."""

import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from musicmatch.stack.options import BASE_DIR
from musicmatch.supervisor.ports import free_port, page_answers
from tests.conftest import require_or_skip
from tests.processes import until

CADDY = shutil.which("caddy")
SPOOFED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Host": "elsewhere.example",
    "X-Real-IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7",
    "X-Request-ID": "mine",
}


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers and the size of what it was sent."""

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"headers": headers, "size": size}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and whose certificates it shows."""

    host: str
    http_port: int
    root: Path

    def get(self, path: str, **headers: str) -> requests.Response:
        url = f"https://{self.host}{path}"
        return requests.get(url, headers=headers, verify=self.root, timeout=10)

    def post(self, path: str, data: bytes) -> requests.Response:
        url = f"https://{self.host}{path}"
        return requests.post(url, data=data, verify=self.root, timeout=10)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    require_or_skip(CADDY is not None, "Caddy")
    folder = tmp_path_factory.mktemp("proxy")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port, http, probe = (free_port(65536) for _ in range(3))
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            f"{CADDY} run --config deploy/Caddyfile --adapter caddyfile".split(),
            env={
                **os.environ,
                "SITE_URL": f"https://127.0.0.1:{port}",
                "TLS": "internal",
                "WEB": f"127.0.0.1:{server.server_port}",
                "HTTP_PORT": str(http),
                "PROBE_PORT": str(probe),
                "XDG_DATA_HOME": str(folder),
                "XDG_CONFIG_HOME": str(folder),
            },
            cwd=BASE_DIR,
            stdout=file,
            stderr=file,
        )
    try:
        assert until(lambda: page_answers(probe, "/")), log.read_text()
        root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        yield Proxy(f"127.0.0.1:{port}", http, root)
    finally:
        process.terminate()
        process.wait(10)
        server.shutdown()
        server.server_close()
        _holds_no_visitor(log)


def _holds_no_visitor(log: Path) -> None:
    lines = [line for line in log.read_text().splitlines() if "handled request" in line]
    assert lines
    for line in lines:
        request = json.loads(line)["request"]
        assert request["remote_ip"] == "127.0.0.0"
        assert not {"uri", "headers"} & request.keys()
    assert "203.0.113" not in log.read_text()


def test_a_visitor_cannot_say_who_they_are(proxy: Proxy) -> None:
    answer = proxy.get("/people/x/", **SPOOFED)
    seen = answer.json()["headers"]
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == proxy.host
    assert not {"x-real-ip", "forwarded"} & seen.keys()
    assert len(seen["x-request-id"]) == 36
    assert "Server" not in answer.headers


def test_each_request_has_a_name_of_its_own(proxy: Proxy) -> None:
    seen = [proxy.get("/").json()["headers"]["x-request-id"] for _ in range(2)]
    assert len(set(seen)) == 2


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/%6detrics"])
def test_figures_are_not_for_the_outside(proxy: Proxy, path: str) -> None:
    assert proxy.get(path).status_code == 404
    assert proxy.get("/metricsx").status_code == 200


def test_only_an_upload_may_be_large(proxy: Proxy) -> None:
    large = b"x" * 4_100_000
    assert proxy.post("/sources/upload/", large).json()["size"] == len(large)
    assert proxy.post("/accounts/login/", large[:9_000]).json()["size"] == 9_000


def test_too_much_is_refused_before_it_comes(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.root))
    with closing(HTTPSConnection(proxy.host, timeout=10, context=context)) as line:
        line.putrequest("POST", "/accounts/login/")
        line.putheader("Content-Length", "4100000")
        line.endheaders()
        answer = line.getresponse()
        assert answer.status == 413
        assert answer.read() == b"This is more than the site takes."
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith(
            "default-src 'none'"
        )
        assert answer.headers["Strict-Transport-Security"].startswith(
            "max-age=31536000"
        )


def test_endless_headers_are_refused(proxy: Proxy) -> None:
    assert proxy.get("/", **{"X-Long": "x" * 20_000}).status_code == 431


def test_plain_addresses_lead_to_tls(proxy: Proxy) -> None:
    plain = f"http://127.0.0.1:{proxy.http_port}/about/?x=1"
    answer = requests.get(plain, allow_redirects=False, timeout=10)
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{proxy.host}/about/?x=1"

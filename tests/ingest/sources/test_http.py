"""Calls over real sockets, to services that behave as badly as they can."""

import gzip
import json
import logging
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ingest.sources import deadline, http
from ingest.sources.base import (
    AuthorizationRevoked,
    NotAllowed,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from ingest.sources.http import Answer, error_of, get, get_json, new_session

CONTACT = "https://music.example"
Script = Callable[[socket.socket], None]
Serve = Callable[..., str]


class Service:
    """Answers each connection by a script, until it is closed."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/x"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(65_536).decode())
                try:
                    self.script(connection)
                except OSError:
                    continue

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Service]]:
    running: list[Service] = []

    def served(script: Script) -> Service:
        running.append(Service(script))
        return running[-1]

    yield served
    for service in running:
        service.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with new_session(CONTACT) as opened:
        yield opened


def whole(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def once(answer: bytes) -> Script:
    return lambda connection: connection.sendall(answer)


def test_a_good_answer(
    serve: Callable[[Script], Service], session: requests.Session
) -> None:
    # Said, as each connection answers once: or the second call may meet its end.
    headers = ("X-Left: 3", "Connection: close")
    service = serve(once(whole(b'{"a": [1]}', "200 OK", *headers)))
    answer = get(session, service.url, params={"q": "a b", "id": ["1", "2"]})
    assert (answer.status, answer.json()) == (200, {"a": [1]})
    assert answer.seconds("x-left") == 3
    assert get_json(session, service.url, params={}) == {"a": [1]}
    assert service.requests[0].startswith("GET /x?q=a+b&id=1&id=2 HTTP/1.1")


def test_it_says_who_calls_and_how_to_reach_them(
    serve: Callable[[Script], Service], session: requests.Session
) -> None:
    service = serve(once(whole(b"{}")))
    get(session, service.url, params={}, headers={"Authorization": "Token x"})
    sent = service.requests[0]
    assert "User-Agent: Musicmatch/1.0 (+https://music.example)\r\n" in sent
    assert "Authorization: Token x\r\n" in sent


@pytest.mark.parametrize("contact", ["a\r\nX-Evil: 1", "https://müsic.example", ""])
def test_no_contact_breaks_a_header(
    contact: str, serve: Callable[[Script], Service]
) -> None:
    service = serve(once(whole(b"{}")))
    with new_session(contact) as session:
        get(session, service.url, params={})
    assert "\r\nX-Evil" not in service.requests[0]


def test_the_hosts_own_certificates_and_proxies_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    session = new_session(CONTACT)
    assert (session.trust_env, session.verify) == (False, True)
    monkeypatch.setenv("CURL_CA_BUNDLE", "/etc/our.pem")
    assert new_session(CONTACT).verify == "/etc/our.pem"
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert new_session(CONTACT).trust_env


def test_packed_answers_are_unpacked(
    serve: Callable[[Script], Service], session: requests.Session
) -> None:
    packed = gzip.compress(b'{"a": 1}')
    service = serve(once(whole(packed, "200 OK", "Content-Encoding: gzip")))
    assert get_json(session, service.url, params={}) == {"a": 1}


# --- Bounds ---------------------------------------------------------------


def trickle(before: bytes, drop: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(before)
        while True:
            connection.sendall(drop)
            time.sleep(0.02)

    return script


HEAD = b"HTTP/1.1 200 OK\r\n"
TRICKLES = {
    "status": trickle(b"HTTP/1.1 200 ", b"O"),
    "headers": trickle(HEAD, b"a"),
    "promises": trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": trickle(HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
    "body until the end": trickle(HEAD + b"\r\n", b" "),
    "pieces": trickle(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "one piece": trickle(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n", b" "),
}


@pytest.mark.parametrize("name", TRICKLES)
def test_an_answer_that_trickles_ends_in_time(
    name: str,
    serve: Callable[[Script], Service],
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", 0.4)
    service = serve(TRICKLES[name])
    began = time.monotonic()
    with pytest.raises(SourceUnavailable):
        get(session, service.url, params={})
    assert 0.3 < time.monotonic() - began < 10


def test_every_answer_has_its_own_time(
    serve: Callable[[Script], Service],
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", 1.2)

    def script(connection: socket.socket) -> None:
        for _ in range(4):
            time.sleep(0.4)
            connection.sendall(whole(b"{}"))
            connection.recv(65_536)

    service = serve(script)
    for _ in range(4):
        assert get_json(session, service.url, params={}) == {}
    assert len(service.requests) == 1, "one connection was kept"


def test_silence_ends_in_time(
    serve: Callable[[Script], Service],
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "_READ_SECONDS", 0.2)
    service = serve(lambda connection: time.sleep(1))
    with pytest.raises(SourceUnavailable):
        get(session, service.url, params={})


def endless(head: bytes, piece: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return script


# Half a gigabyte of spaces, small enough to be sent.
BOMB = whole(gzip.compress(b" " * 2**26, 9) * 8, "200 OK", "Content-Encoding: gzip")
ENDLESS = {
    "body": endless(HEAD + b"\r\n", b" " * 65_536),
    "pieces": endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        b"10000\r\n" + b" " * 65_536 + b"\r\n",
    ),
    "promised length": endless(
        HEAD + b"Content-Length: 99999999999\r\n\r\n", b" " * 65_536
    ),
    "headers": endless(HEAD, b"X-More: 1\r\n" * 1000),
    "header": endless(HEAD + b"X-Long: ", b"a" * 65_536),
    "refusal": endless(b"HTTP/1.1 500 No\r\n\r\n", b" " * 65_536),
    "bomb": once(BOMB),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_answer_does_not_fill_the_memory(
    name: str, serve: Callable[[Script], Service], session: requests.Session
) -> None:
    service = serve(ENDLESS[name])
    tracemalloc.start()
    try:
        with pytest.raises(SourceUnavailable):
            get(session, service.url, params={})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


# --- Half and odd answers -------------------------------------------------

ODD = {
    "nothing": b"",
    "no status": b"hello\r\n\r\n",
    "half the head": b"HTTP/1.1 200 O",
    "half the body": whole(b'{"a": 1}')[:-3],
    "half a piece": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "odd piece": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "wrongly packed": whole(b"{}", "200 OK", "Content-Encoding: gzip"),
    "a redirect": whole(b"", "302 Found", "Location: http://127.0.0.1:9/"),
    "a page": whole(b"<!doctype html><p>Hello", "200 OK", "Content-Type: text/html"),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "half in JSON": HEAD + b'\r\n{"a": ',
    "deep": whole(b"[" * 100_000),
    "long number": whole(b'{"a": ' + b"1" * 10_000 + b"}"),
    "null": whole(b"null"),
    "not text": whole(b"\xff\xfe"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_an_error(
    name: str, serve: Callable[[Script], Service], session: requests.Session
) -> None:
    service = serve(once(ODD[name]))
    with pytest.raises(SourceUnavailable):
        get_json(session, service.url, params={})
    assert len(service.requests) == 1


def test_nobody_there_is_an_error(session: requests.Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SourceUnavailable):
        get(session, f"http://127.0.0.1:{port}/", params={})


@pytest.mark.parametrize("url", ["", "no address", "ftp://x/", "http://", "http://[x"])
def test_an_address_that_is_none_is_an_error(
    url: str, session: requests.Session
) -> None:
    with pytest.raises(SourceUnavailable):
        get(session, url, params={})


def test_a_question_that_cannot_be_asked_is_an_error(
    session: requests.Session,
) -> None:
    with pytest.raises(SourceUnavailable):
        get(session, "http://127.0.0.1:9/", params={"q": "\ud800"})


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]
)
def test_no_error_knows_what_was_asked(
    answer: bytes, serve: Callable[[Script], Service], session: requests.Session
) -> None:
    service = serve(once(answer))
    with pytest.raises(SourceUnavailable) as caught:
        get(session, service.url, params={"api_key": "hunter2"})
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert "hunter2" not in repr(caught.value)


def test_nothing_is_logged_of_what_was_asked(
    serve: Callable[[Script], Service],
    session: requests.Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = serve(once(whole(b"{}")))
    with caplog.at_level(logging.DEBUG):
        get(session, service.url, params={"api_key": "hunter2"})
    assert "hunter2" not in caplog.text


# --- Errors ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthorizationRevoked),
        (403, NotAllowed),
        (429, RateLimited),
        *((status, SourceUnavailable) for status in (301, 400, 404, 500, 503)),
    ],
)
def test_a_status_has_its_error(status: int, error: type[SourceError]) -> None:
    said = error_of(Answer(status, {"Retry-After": "5"}, b"\xffbecause" + b"!" * 999))
    assert type(said) is error
    assert len(str(said)) <= 200
    if isinstance(said, RateLimited):
        assert said.retry_after == 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5),
        (" 5 ", 5),
        ("0", 0),
        ("-5", None),
        ("5.5", None),
        ("٣", None),
        ("9" * 30, None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        (None, None),
    ],
)
def test_a_header_has_a_number_of_seconds(
    header: str | None, seconds: int | None
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    assert Answer(200, headers, b"").seconds("Retry-After") == seconds


@pytest.mark.parametrize("value", [{"a": None}, [], 0, "", False])
def test_what_is_empty_is_an_answer_all_the_same(value: Any) -> None:
    assert Answer(200, {}, json.dumps(value).encode()).json() == value

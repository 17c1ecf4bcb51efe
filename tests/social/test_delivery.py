"""What the answers of a mail server mean, spoken by one that follows a script."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage

from social import delivery
from social.delivery import Busy, Refused, deliver

Serve = Callable[..., "Server"]


class Talk(socketserver.StreamRequestHandler):
    """One conversation: says yes to everything but what the script answers."""

    server: "Server"

    def handle(self) -> None:
        if not self.say("connect", "220 here"):
            return
        while line := self.rfile.readline().decode():
            verb = line[:4].strip().upper()
            if not self.say(verb, "354 go on" if verb == "DATA" else "250 yes"):
                return
            if verb == "DATA" and not self.take():
                return
            if verb == "QUIT":
                return

    def take(self) -> bool:
        text = ""
        while not text.endswith("\r\n.\r\n"):
            text += self.rfile.readline().decode()
        self.server.taken.append(text)
        return self.say("taken", "250 taken")

    def say(self, step: str, usual: str) -> bool:
        """Answer; with an empty answer in the script, hang up instead."""
        answer = self.server.script.get(step, usual)
        self.wfile.write(f"{answer}\r\n".encode() if answer else b"")
        return bool(answer) and not answer.startswith(("221", "421"))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, script: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.script = script
        self.taken: list[str] = []


@pytest.fixture
def serve(settings: Any) -> Iterator[Serve]:
    """Start a mail server that answers as usual but where the script says else."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER = "127.0.0.1", ""
    started: list[Server] = []

    def start(**script: str) -> Server:
        server = Server(script)
        started.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_PORT = server.server_address[1]
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def mail() -> EmailMessage:
    return EmailMessage("Subject", "Body", "site@example.org", ["ada@example.org"])


def test_a_mail_is_handed_over(serve: Serve) -> None:
    server = serve()
    deliver(mail())
    assert "Subject: Subject" in server.taken[0]


@pytest.mark.parametrize(
    "script",
    [
        {"connect": "421 too many"},
        {"connect": ""},
        {"MAIL": "451 later"},
        {"RCPT": "450 greylisted"},
        {"RCPT": "452 full"},
        {"DATA": "421 closing"},
        {"taken": "452 disk full"},
    ],
    ids=str,
)
def test_what_a_server_says_is_for_now(serve: Serve, script: dict[str, str]) -> None:
    serve(**script)
    with pytest.raises(Busy):
        deliver(mail())


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": "550 not from you"},
        {"RCPT": "550 no such person"},
        {"DATA": "554 no"},
        {"taken": "554 spam"},
    ],
    ids=str,
)
def test_what_a_server_says_is_for_good(serve: Serve, script: dict[str, str]) -> None:
    serve(**script)
    with pytest.raises(Refused):
        deliver(mail())


def test_a_line_that_breaks_after_the_text_counts_as_sent(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(taken="")
    deliver(mail())
    assert len(server.taken) == 1
    assert "in the middle of a mail" in caplog.text


def test_a_bad_goodbye_changes_nothing(serve: Serve) -> None:
    server = serve(QUIT="500 what")
    deliver(mail())
    assert len(server.taken) == 1


def test_a_server_that_is_not_there(serve: Serve) -> None:
    serve().server_close()
    with pytest.raises(Busy):
        deliver(mail())


def test_a_server_that_says_nothing(
    settings: Any, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_PATIENCE_SECONDS", 0.2)
    # It takes the call, and nobody is at the other end.
    with socketserver.TCPServer(("127.0.0.1", 0), Talk) as silent:
        settings.EMAIL_PORT = silent.server_address[1]
        with pytest.raises(Busy):
            deliver(mail())

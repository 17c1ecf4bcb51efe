"""What weighs too much is refused before it is read."""

import socket
from io import BytesIO
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import throttle
from accounts.models import User
from ingest.sources.export import LIMITS
from musicmatch.bodies import MOST, MOST_OF_UPLOAD, BodyMiddleware

UPLOAD = "/sources/upload/"


class Unread(BytesIO):
    """A body nobody may touch."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("it was read")


def asked(path: str, length: int | str, person: Any, **headers: str) -> HttpResponse:
    request = RequestFactory().post(path, **headers)
    request.META["CONTENT_LENGTH"] = str(length)
    request.META["wsgi.input"] = request._stream = Unread()  # type: ignore[attr-defined]
    request.user = person
    request.session = {}  # type: ignore[assignment]
    return BodyMiddleware(lambda _: HttpResponse("passed"))(request)


@pytest.mark.parametrize("path", ["/accounts/login/", "/settings/profile/", "/admin/"])
@pytest.mark.parametrize(
    ("length", "status"),
    [("", 200), (0, 200), (MOST, 200), (MOST + 1, 413), (10**15, 413), ("lots", 200)],
)
def test_a_form_is_text(ada: User, path: str, length: Any, status: int) -> None:
    answer = asked(path, length, ada)
    assert answer.status_code == status
    if status == 413:
        assert "up to 2.5 MB" in answer.text


@pytest.mark.parametrize(
    ("length", "status"), [(MOST_OF_UPLOAD, 200), (MOST_OF_UPLOAD + 1, 413)]
)
def test_an_upload_may_weigh_what_is_said(ada: User, length: int, status: int) -> None:
    answer = asked(UPLOAD, length, ada)
    assert answer.status_code == status
    assert LIMITS.packed == 300 * 1024 * 1024
    if status == 413:
        assert "up to 300 MB" in answer.text


def test_nobody_uploads_without_a_session(ada: User) -> None:
    from django.contrib.auth.models import AnonymousUser

    answer = asked(UPLOAD, MOST + 1, AnonymousUser())
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/accounts/login/?next={UPLOAD}"


def test_over_the_limit_of_a_day_nothing_is_read(ada: User) -> None:
    for _ in range(throttle.UPLOAD.times):
        throttle.spend(throttle.UPLOAD, str(ada.pk), now=timezone.now())
    answer = asked(UPLOAD, MOST + 1, ada)
    assert answer.status_code == 429
    assert throttle.UPLOAD.words in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_a_body_without_a_length_is_refused(ada: User) -> None:
    answer = asked(UPLOAD, "", ada, HTTP_TRANSFER_ENCODING="chunked")
    assert answer.status_code == 411


def test_it_stands_before_the_token_is_looked_for(settings: Any) -> None:
    # CsrfViewMiddleware reads the body in process_view, after all of these began.
    names = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    assert names.index("BodyMiddleware") > names.index("AuthenticationMiddleware")
    assert not any(
        hasattr(BodyMiddleware, hook) for hook in ("process_view", "process_request")
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Content-Length: {10**12}", b"413"),
        ("Transfer-Encoding: chunked", b"411"),
    ],
)
def test_a_server_answers_before_the_body_came(
    live_server: Any, header: str, status: bytes
) -> None:
    host, port = live_server.thread.host, live_server.thread.port
    head = f"POST /accounts/login/ HTTP/1.1\r\nHost: {host}:{port}\r\n{header}\r\n\r\n"
    with socket.create_connection((host, port), timeout=10) as wire:
        wire.sendall(head.encode())
        # Not a byte of the body was sent, and none will be.
        assert wire.recv(40).split()[1] == status


@pytest.mark.django_db
def test_too_many_fields_and_files_are_a_bad_request(client: Client, ada: User) -> None:
    client.force_login(ada)
    fields = {f"field{n}": "x" for n in range(1001)}
    assert client.post("/settings/profile/", fields).status_code == 400
    files = {f"file{n}": BytesIO(b"x") for n in range(101)}
    assert client.post(UPLOAD, files).status_code == 400

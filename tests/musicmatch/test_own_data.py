"""A person's own data as a ZIP: everything of theirs, and nothing of those unseen."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from ingest.models import Listen, ListeningMonth, Source, Track
from musicmatch.leaving.archive import archive_of, parts_of
from social.models import Connection
from social.services import block_create, connection_request
from tests.conftest import NOW
from tests.factories import make_person
from tests.factories.lives import WORDS, lead_life, rest
from tests.factories.threads import make_connection, say

DATA, EXPORT = "/settings/data/", "/settings/data/export/"
# Rows about a person that are not handed over, and why.
LEFT_OUT = {
    "admin.logentry": "what staff did with the site, not who they are",
    "account.emailconfirmation": "keys that expire",
    "socialaccount.socialtoken": "a key; none is kept",
    "accounts.user_groups": "what the host made of them",
    "accounts.user_user_permissions": "what the host made of them",
    "ingest.artistpair": "a decision about artists",
    "social.moderationaction": "the moderators' log; the person reads its notices",
    "social.thread": "in messages.json",
    "social.threadside": "in messages.json",
    "matching.tastechange": "numbers of the index",
}
IN_FILE = {
    "account.emailaddress": "sign_in.json",
    "socialaccount.socialaccount": "sign_in.json",
    "accounts.spotifygrant": "sign_in.json",
    "ingest.sourcelink": "sources.json",
    "ingest.importrun": "imports.json",
    "ingest.topartist": "top_artists.json",
    "ingest.toptrack": "top_tracks.json",
    "ingest.listen": "listens.json",
    "ingest.listeningmonth": "months.json",
    "ingest.mutedartist": "muted_artists.json",
    "matching.taste": "taste.json",
    "social.block": "blocked.json",
    "social.connection": "connections.json",
    "social.message": "messages.json",
    "social.report": "reports.json",
    "social.notice": "notices.json",
    "social.appeal": "notices.json",
    "social.mailchoice": "mails.json",
    "social.mail": "mails.json",
}


@pytest.fixture(autouse=True)
def _own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def eve(db: None) -> User:
    return make_person("eve_asker")


@pytest.fixture
def life(ada: User, ben: User, cyd: User, dee: User, eve: User) -> User:
    """Ada, with a row in every table that can hold one of hers."""
    lead_life(ada, friend=ben, stranger=cyd, enemy=dee, asker=eve)
    return ada


def read(person: User) -> dict[str, Any]:
    """Open a person's archive as whoever downloads it does."""
    with zipfile.ZipFile(io.BytesIO(b"".join(archive_of(person, now=NOW)))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[0] == "README.txt"
        return {name: json.loads(archive.read(name)) for name in names[1:]}


def read_me(person: User) -> str:
    data = io.BytesIO(b"".join(archive_of(person, now=NOW)))
    with zipfile.ZipFile(data) as archive:
        return archive.read("README.txt").decode()


def related_models() -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        columns = model._meta.concrete_fields
        if any(f.remote_field and f.remote_field.model is User for f in columns):
            yield model._meta.label_lower


@pytest.mark.django_db
def test_every_table_about_a_person_is_in_it_or_has_a_reason(life: User) -> None:
    # A new model fails here, until it is handed over or left out with a reason.
    known = IN_FILE.keys() | LEFT_OUT.keys()
    assert set(related_models()) - known == set()
    assert not IN_FILE.keys() & LEFT_OUT.keys()
    found = read(life)
    assert {name for name in IN_FILE.values() if not found[name]} == set()


@pytest.mark.django_db
def test_the_files_say_what_is_there(life: User) -> None:
    found = read(life)
    assert found["profile.json"]["handle"] == "ada_owner"
    assert found["privacy.json"]["shown_to"]["country"] == "everyone"
    sign_in = found["sign_in.json"]
    assert sign_in["username"] == "login-ada_owner"
    assert sign_in["email_addresses"][0]["email"] == "ada_owner@example.org"
    assert sign_in["accounts"][0]["uid"] == "uid-ada_owner"
    assert [row["artist"] for row in found["top_artists.json"]] == [
        "Portishead",
        "Grouper",
        "Sade",
    ]
    assert found["top_tracks.json"][0]["track"] == "Holding"
    [listen] = found["listens.json"]
    assert listen["listened_at"] == "2026-11-22T12:00:00+00:00"
    [month] = found["months.json"]
    assert month["month"] == "2026-11"
    assert month["artists"] == [{"artist": "Grouper", "plays": 7, "ms_played": 7000}]
    assert {row["tempo"] for row in found["sounds.json"]} == {90.0}
    [muted] = found["muted_artists.json"]
    assert (muted["artist"], muted["is_counted"]) == ("Grouper", False)
    assert found["taste.json"]["artists"]
    assert found["blocked.json"][0]["handle"] == "dee_blocked"
    assert {row["about"] for row in found["reports.json"]} == {"cyd_stranger"}
    [notice] = found["notices.json"]
    assert notice["appeal"]["words"] == WORDS
    assert found["mails.json"]["sent"][0]["topic"] == "requests"


@pytest.mark.django_db
def test_connections_are_told_as_the_person_knows_them(life: User) -> None:
    rows = {row["with"]: row for row in read(life)["connections.json"]}
    assert {handle: row["state"] for handle, row in rows.items()} == {
        "ben_near": "connected",
        "cyd_stranger": "sent",
        "eve_asker": "incoming",
    }
    assert rows["cyd_stranger"]["note"] == WORDS
    assert rows["eve_asker"]["note"] == "Let me ask"


@pytest.mark.django_db
def test_a_decline_looks_like_waiting(ada: User, ben: User) -> None:
    before = _waiting(ada, ben)
    Connection.objects.all().delete()
    rest(ada, ben)
    [row] = read(ada)["connections.json"]
    assert (row["state"], row["asked_by"]) == ("sent", "you")
    assert row == {**before, "note": "Please"}


def _waiting(asker: User, other: User) -> dict[str, Any]:
    connection_request(requester=asker, addressee=other, note="Please", now=NOW)
    [row] = read(asker)["connections.json"]
    return dict(row)


@pytest.mark.django_db
def test_what_never_reached_a_person_is_not_theirs(ada: User, ben: User) -> None:
    pair = rest(ada, ben)
    # Declined unseen: asked a second time within the rest.
    Connection.objects.filter(pk=pair.pk).update(note="A second try", seen_at=None)
    assert read(ben)["connections.json"] == []
    Connection.objects.filter(pk=pair.pk).update(state="withdrawn")
    assert read(ben)["connections.json"] == []
    Connection.objects.filter(pk=pair.pk).update(state="removed")
    assert read(ben)["connections.json"] == []
    Connection.objects.filter(pk=pair.pk).update(state="declined", seen_at=NOW)
    [row] = read(ben)["connections.json"]
    assert row["state"] == "put aside"


@pytest.mark.django_db
def test_messages_of_both_sides(life: User) -> None:
    rows = read(life)["messages.json"]
    assert [(row["from"], row["text"]) for row in rows] == [
        ("them", "Written by the friend"),
        ("you", WORDS),
        ("them", "Written later by the friend"),
        ("you", f"{WORDS} again"),
    ]
    assert {row["with"] for row in rows} == {"ben_near"}


@pytest.mark.django_db
@pytest.mark.parametrize("blocks", ["ada", "ben", "both"])
def test_nothing_of_a_blocked_person(ada: User, ben: User, blocks: str) -> None:
    make_connection(ada, ben)
    say(ben, ada, "Said by the other")
    say(ada, ben, "Said by oneself")
    if blocks in ("ada", "both"):
        block_create(blocker=ada, blocked=ben, now=NOW)
    if blocks in ("ben", "both"):
        block_create(blocker=ben, blocked=ada, now=NOW)
    found = read(ada)
    if blocks != "ben":
        assert [row["handle"] for row in found.pop("blocked.json")] == ["ben_near"]
    text = json.dumps(found)
    for trace in ("ben_near", "Ben", str(ben.public_id), "Said by the other"):
        assert trace not in text
    [own] = found["messages.json"]
    assert (own["text"], own["with"]) == ("Said by oneself", None)


@pytest.mark.django_db
def test_who_is_suspended_takes_their_own_words(life: User) -> None:
    life.suspended_until = timezone.now() + timedelta(days=3)
    life.save(update_fields=["suspended_until"])
    found = read(life)
    assert [row["text"] for row in found["messages.json"]] == [WORDS, f"{WORDS} again"]
    client = Client()
    client.force_login(life)
    assert client.post(EXPORT).headers["Content-Type"] == "application/zip"


@pytest.mark.django_db
def test_no_key_is_handed_over(life: User) -> None:
    archive = b"".join(archive_of(life, now=NOW))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        text = "".join(opened.read(name).decode() for name in opened.namelist())
    for secret in ("secret-token", "secret-access", "secret-refresh", life.password):
        assert secret not in text
    assert f"key-{life.pk}" not in text


@pytest.mark.django_db
def test_someone_new_has_empty_files(ada: User) -> None:
    found = read(ada)
    assert found["listens.json"] == []
    assert found["taste.json"] == {"is_compared": False}
    assert found["mails.json"] == {"wanted": ["decisions"], "sent": []}


@pytest.mark.django_db
def test_a_month_that_cannot_be_read_does_not_stop_it(life: User) -> None:
    ListeningMonth.objects.filter(person=life).update(artists=b"broken")
    assert read(life)["months.json"][0]["artists"] is None


@pytest.mark.django_db
def test_the_first_file_explains_the_others(life: User) -> None:
    text = read_me(life)
    assert "held of ada_owner on 22 November 2026" in text
    for part in parts_of(life):
        assert part.name in text
        assert part.about in text


@pytest.mark.django_db
def test_a_long_history_is_sent_in_pieces(ada: User, life: User) -> None:
    track = Track.objects.get(name="Holding")
    Listen.objects.bulk_create(
        Listen(
            person=ada,
            source=Source.SPOTIFY,
            track=track,
            listened_at=NOW - timedelta(seconds=number * 37),
            ms_played=number * 7919 % 300_000,
        )
        for number in range(1, 30_001)
    )
    with CaptureQueriesContext(connection) as queries:
        pieces = list(archive_of(ada, now=NOW))
    assert len(pieces) > 2
    assert max(map(len, pieces)) < 256 * 1024
    assert len(queries) < 60
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert len(json.loads(archive.read("listens.json"))) == 30_001


# --- The page -------------------------------------------------------------


@pytest.fixture
def inside(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.mark.django_db
def test_the_page_names_every_file(inside: Client, ada: User) -> None:
    text = inside.get(DATA).text
    for part in parts_of(ada):
        assert part.name in text
    assert 'aria-current="page">Data' in text


@pytest.mark.django_db
def test_downloading_once_an_hour(inside: Client) -> None:
    answer = inside.post(EXPORT)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith(
        'attachment; filename="musicmatch-20'
    )
    assert "no-store" in answer.headers["Cache-Control"]
    assert zipfile.is_zipfile(io.BytesIO(b"".join(answer)))
    assert "You can again at" in inside.get(DATA).text
    again = inside.post(EXPORT)
    assert again.status_code == 429
    assert "once an hour" in again.text
    assert 3000 < int(again.headers["Retry-After"]) <= 3600


@pytest.mark.django_db
def test_looking_at_the_address_gives_nothing(inside: Client) -> None:
    assert inside.get(EXPORT).status_code == 405
    assert "Download my data" in inside.get(DATA).text


@pytest.mark.django_db
def test_a_browser_that_takes_gzip_gets_the_same_zip(inside: Client) -> None:
    answer = inside.post(EXPORT, headers={"Accept-Encoding": "gzip"})
    assert zipfile.is_zipfile(io.BytesIO(b"".join(answer)))

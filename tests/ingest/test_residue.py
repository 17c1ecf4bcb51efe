"""That nothing is left of a source that was disconnected, and saying so."""

import uuid
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.management import CommandError, call_command

from accounts.models import User
from ingest.models import (
    ImportRun,
    Listen,
    ListeningMonth,
    Source,
    SourceLink,
    Track,
    UploadPart,
)
from ingest.services import source_disconnect
from ingest.services.residue import residue_of
from tests.factories import make_taste
from tests.ingest.conftest import Connect, Finish


def told(name: str) -> str:
    out = StringIO()
    call_command("source_residue", name, stdout=out)
    return out.getvalue()


def everything(person: User, source: Source, now: datetime) -> ImportRun:
    """Give a person a row of every kind from one source."""
    make_taste(person, ["Sade", "Can"], source=source)
    artist = person.top_artists.earliest("pk").artist
    track, _ = Track.objects.get_or_create(
        name="T", name_key="t", artist=artist, spotify_id=None
    )
    person.top_tracks.create(source=source, time_range="long_term", rank=1, track=track)
    Listen.objects.create(person=person, source=source, track=track, listened_at=now)
    ListeningMonth.objects.create(
        person=person,
        source=source,
        month=date(2020, 5, 1),
        is_exact=True,
        first_at=datetime(2020, 5, 1, tzinfo=UTC),
        last_at=datetime(2020, 5, 2, tzinfo=UTC),
        plays=3,
        artists=b"",
    )
    return ImportRun.objects.create(
        person=person, source=source, state="done", queued_at=now
    )


def kept_part(run_id: uuid.UUID, now: datetime) -> None:
    UploadPart.objects.create(run_id=run_id, file=0, place=0, data=b"", kept_at=now)


@pytest.mark.parametrize("source", list(Source))
def test_nothing_is_left_of_any_source(
    source: Source,
    ada: User,
    ben: User,
    now: datetime,
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = everything(ada, source, now)
    everything(ben, source, now)
    if source is Source.EXPORT:
        kept_part(run.pk, now)
    there = {r.source: r.counts for r in residue_of(ada.pk)}[source]
    assert there["TopArtist"] == 2
    assert all(there[t] == 1 for t in ("TopTrack", "Listen", "ListeningMonth"))
    assert there["ImportRun"] == 1
    assert there.get("uploads", 1) == 1
    with django_capture_on_commit_callbacks(execute=True):
        deleted = source_disconnect(person_id=ada.pk, source=source, now=now)
    assert deleted == {"artists": 2, "tracks": 1, "listens": 1, "months": 1}
    assert not any(sum(r.counts.values()) for r in residue_of(ada.pk))
    assert "Nothing is left behind" in told("ada_owner")
    # What another person has of it stays.
    assert {r.source: r.counts["Listen"] for r in residue_of(ben.pk)}[source] == 1


def test_tokens_and_accounts_are_counted(
    ada: User, now: datetime, connect: Connect, finish: Finish
) -> None:
    finish(connect(ada, "percy"))
    account = SocialAccount.objects.create(user=ada, provider="spotify", uid="u1")
    SocialToken.objects.create(account=account, token="t")
    [spotify] = [r for r in residue_of(ada.pk) if r.source is Source.SPOTIFY]
    assert spotify.is_linked
    assert [spotify.counts[t] for t in ("SpotifyGrant", "SocialAccount")] == [1, 1]
    assert spotify.counts["SocialToken"] == 1
    SourceLink.objects.all().delete()
    with pytest.raises(CommandError, match="Left behind of ada_owner: Spotify"):
        told("ada_owner")


def test_what_is_left_behind_is_named(ada: User, now: datetime) -> None:
    everything(ada, Source.LASTFM, now)
    out = told("login-ada_owner")
    assert "Last.fm (connected)" in out
    assert "  ListeningMonth: 1\n" in out
    SourceLink.objects.filter(source=Source.LASTFM).delete()
    out_file = StringIO()
    with pytest.raises(CommandError, match=r"Left behind of ada_owner: Last\.fm\."):
        call_command("source_residue", "ada_owner", stdout=out_file)
    assert "  Listen: 1 – left behind" in out_file.getvalue()
    assert "Spotify (not connected)\n  TopArtist: 0\n" in out_file.getvalue()


def test_uploads_of_nobody_are_left_behind(ada: User, now: datetime) -> None:
    assert "Nothing is left behind" in told("ada_owner")
    kept_part(uuid.uuid4(), now)
    with pytest.raises(CommandError, match="Spotify data export"):
        told("ada_owner")


def test_a_person_nobody_knows(db: None) -> None:
    with pytest.raises(CommandError, match="Nobody here has the handle"):
        told("no_such_person")

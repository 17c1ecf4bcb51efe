"""How names are compared, and what the database refuses, by name."""

from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from ingest import models as ingest
from ingest.models import Artist, ArtistGenre, Genre, Listen, Track
from ingest.names import name_key
from ingest.services import source_link


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beyoncé", "BEYONCE"),
        ("Beyonce\u0301", "Beyoncé"),
        ("Sigur Rós", "sigur  ros"),
        ("Ｆｕｌｌ Ｗｉｄｔｈ", "full width"),
        ("Straße", "STRASSE"),
        ("ガ", "ｶﾞ"),
        ("Юлия", "ЮЛИЯ"),
        ("\tThe  The\n", "the the"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("が", "か"),
        ("は", "ぱ"),
        ("й", "и"),
        ("กา", "กี"),
        ("\u00a8", "\u00b4"),
        ("!!!", "!!"),
        ("A", "B"),
    ],
)
def test_different_names(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(min_size=1).filter(str.strip))
def test_every_name_has_a_key(name: str) -> None:
    key = name_key(name)
    assert 0 < len(key) <= 200
    assert name_key(f"  {name} ") == key


def refused(constraint: str, model: type[models.Model], **fields: Any) -> None:
    """Saving breaks this constraint: named by Postgres, by SQLite for checks only."""
    names = [c.name for c in model._meta.constraints]
    assert constraint in names
    said = constraint
    if connection.vendor == "sqlite" and "rank_from_one" not in constraint:
        said = "UNIQUE constraint failed"
    with pytest.raises(IntegrityError, match=said), transaction.atomic():
        model._default_manager.create(**fields)


@pytest.fixture
def artist(db: None) -> Artist:
    return Artist.objects.create(name="Low", name_key="low")


@pytest.fixture
def track(artist: Artist) -> Track:
    return Track.objects.create(name="Words", name_key="words", artist=artist)


def test_a_name_without_an_id_is_there_once(artist: Artist) -> None:
    refused("artist_unique_name_without_id", Artist, name="LOW", name_key="low")
    Artist.objects.create(name="Low", name_key="low", spotify_id="id1")


def test_a_track_without_an_id_is_there_once(track: Track) -> None:
    fields = {"name": "words", "name_key": "words", "artist": track.artist}
    refused("track_unique_name_without_id", Track, **fields)
    Track.objects.create(**fields, spotify_id="id1")


def test_a_genre_is_linked_once(artist: Artist) -> None:
    pair = {"artist": artist, "genre": Genre.objects.create(name="slowcore")}
    ArtistGenre.objects.create(**pair)
    refused("artistgenre_unique_pair", ArtistGenre, **pair)


def test_a_source_is_linked_once(ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=ingest.Source.MANUAL, now=now)
    refused(
        "sourcelink_unique_pair",
        ingest.SourceLink,
        person=ada,
        source="manual",
        connected_at=now,
    )


@pytest.mark.parametrize("kind", ["artist", "track"])
def test_a_rank_is_taken_once_and_begins_with_one(
    kind: str, ada: User, artist: Artist, track: Track
) -> None:
    model = {"artist": ingest.TopArtist, "track": ingest.TopTrack}[kind]
    row = {
        "person": ada,
        "source": "manual",
        "time_range": "long_term",
        kind: {"artist": artist, "track": track}[kind],
    }
    model._default_manager.create(**row, rank=1)
    model._default_manager.create(**{**row, "source": "spotify"}, rank=1)
    refused(f"top{kind}_unique_rank", model, **row, rank=1)
    refused(f"top{kind}_rank_from_one", model, **row, rank=0)


def test_a_listen_is_kept_once(ada: User, track: Track, now: datetime) -> None:
    row = {"person": ada, "track": track, "listened_at": now, "source": "spotify"}
    Listen.objects.create(**row)
    refused("listen_unique", Listen, **row)
    # Another source keeps its own: which of the two is shown is marked, not lost.
    Listen.objects.create(**{**row, "source": "listenbrainz"})


def test_words_for_the_admin_site(ada: User, track: Track, now: datetime) -> None:
    link = source_link(person_id=ada.pk, source=ingest.Source.MANUAL, now=now)
    listen = Listen(person=ada, track=track, listened_at=now)
    run = ingest.ImportRun(person=ada, source="spotify")
    assert str(link) == f"manual of {ada.pk}"
    assert str(listen) == f"{track.pk} at 2026-11-22 12:00"
    assert str(run) == f"spotify import {run.pk}"
    assert [str(track.artist), str(track)] == ["Low", "Words"]

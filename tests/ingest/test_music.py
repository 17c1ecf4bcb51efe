"""Which row an artist, a track or a genre is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from ingest import music
from ingest.ladder import ArtistRow, SoughtArtist
from ingest.models import (
    Artist,
    ArtistGenre,
    ArtistPair,
    ArtistSound,
    AudioFeatures,
    Source,
    Track,
)
from ingest.music import Library, Overtaken
from ingest.sources.base import ArtistItem, AudioItem, TrackItem
from tests.conftest import require_or_skip
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def added(*items: ArtistItem) -> list[Artist]:
    library = Library()
    library.add_artists(items)
    return [Artist.objects.get(pk=library.artist_id(item)) for item in items]


def test_an_id_is_the_same_artist_whatever_the_name() -> None:
    [first] = added(ArtistItem("Mica Levi", "id1"))
    [again] = added(ArtistItem("Micachu", "id1"))
    assert again == first
    assert again.name == "Mica Levi"


def test_one_name_with_two_ids_is_two_artists() -> None:
    one, two = added(ArtistItem("Nirvana", "id1"), ArtistItem("Nirvana", "id2"))
    assert one != two
    assert added(ArtistItem("Nirvana", "id2"), ArtistItem("Nirvana", "id1")) == [
        two,
        one,
    ]


def test_names_are_one_whatever_their_case_marks_and_space() -> None:
    rows = added(ArtistItem("Björk"), ArtistItem(" bjork "), ArtistItem("BJÖRK"))
    assert len(set(rows)) == Artist.objects.count() == 1
    assert rows[0].name_key == "bjork"


def test_a_name_alone_becomes_the_one_with_the_id() -> None:
    [named] = added(ArtistItem("grouper"))
    [known] = added(ArtistItem("Grouper", "id1"))
    assert known == named
    assert (known.spotify_id, known.name) == ("id1", "Grouper")
    [other] = added(ArtistItem("Grouper", "id2"))
    assert other != known
    assert added(ArtistItem("GROUPER")) == [known]


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_and_an_id_that_come_together_are_one(order: int) -> None:
    items = [ArtistItem("Coil"), ArtistItem("Coil", "id1")][::order]
    assert len(set(added(*items))) == 1
    assert added(*items) == added(*items)


def test_one_row_is_claimed_by_one_id_only() -> None:
    [named] = added(ArtistItem("Air"))
    one, two = added(ArtistItem("Air", "id1"), ArtistItem("Air", "id2"))
    assert one == named
    assert two != named
    assert Artist.objects.count() == 2


def test_a_claim_somebody_else_made_meanwhile_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [named] = added(ArtistItem("Air"))
    library = Library()
    find = library._find_artists

    def overtaken(sought: Sequence[SoughtArtist]) -> list[ArtistRow]:
        found = find(sought)
        Artist.objects.filter(pk=named.pk, spotify_id=None).update(spotify_id="id1")
        return found

    monkeypatch.setattr(library, "_find_artists", overtaken)
    library.add_artists([ArtistItem("Air", "id2")])
    named.refresh_from_db()
    assert named.spotify_id == "id1"
    assert library.artist_id(ArtistItem("Air", "id2")) != named.pk


def test_a_library_remembers_what_it_found(
    django_assert_num_queries: object,
) -> None:
    library = Library()
    items = [ArtistItem("Can", "id1", ("krautrock",)), ArtistItem("Neu!")]
    tracks = [TrackItem("Halleluhwah", items[0], "t1"), TrackItem("Hero", items[1])]
    library.add_artists(items)
    library.add_genres(items)
    library.add_tracks(tracks)
    with django_assert_num_queries(0):  # type: ignore[operator]
        library.add_artists(items)
        library.add_genres(items)
        library.add_tracks(tracks)


def test_genres_are_one_in_lower_case_and_linked_once() -> None:
    library = Library()
    item = ArtistItem("Can", genres=("Krautrock", " krautrock ", "", "art  rock"))
    library.add_artists([item])
    assert library.add_genres([item]) == 2
    assert genres_again(item) == 2
    links = ArtistGenre.objects.values_list("genre__name", flat=True)
    assert sorted(links) == ["art rock", "krautrock"]


def genres_again(item: ArtistItem) -> int:
    library = Library()
    library.add_artists([item])
    return library.add_genres([item])


def test_tracks_are_known_by_id_and_else_by_artist_and_name() -> None:
    """A name alone means the oldest track of the name, once and for all."""
    artist, other = ArtistItem("Low"), ArtistItem("Can")
    items = [
        TrackItem("Words", artist, "t1"),
        TrackItem("Words", artist, "t2"),
        TrackItem("Words", artist),
        TrackItem("wörds", artist),
        TrackItem("Words", other),
    ]
    for _ in range(2):
        library = Library()
        library.add_artists(item.artist for item in items)
        library.add_tracks(items)
        ids = [library.track_id(item) for item in items]
        assert len(set(ids)) == Track.objects.count() == 3
        assert ids[0] == ids[2] == ids[3]


def test_the_latest_sound_of_a_track_wins_and_the_first_of_an_artist_stays() -> None:
    artist = ArtistItem("Low", "a1")
    track = TrackItem("Words", artist, "t1")
    for tempo in (100.0, 120.0):
        library = Library()
        library.add_artists([artist])
        library.add_tracks([track])
        sound = AudioItem("t1", tempo=tempo)
        library.add_audio({library.track_id(track): sound}, source=Source.SPOTIFY)
        library.add_artist_sound({library.artist_id(artist): sound}, source=Source.DEMO)
    assert AudioFeatures.objects.get().tempo == 120
    assert ArtistSound.objects.get().tempo == 100


def test_an_id_that_went_to_another_row_meanwhile_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another import writes the id under another name, after we looked and locked."""
    [named] = added(ArtistItem("Air"))
    lock = music._locked

    def overtaken(model: Any, rows: Any, columns: Any) -> Any:
        free = lock(model, rows, columns)
        Artist.objects.get_or_create(name="Ayr", name_key="ayr", mbid="m1")
        return free

    monkeypatch.setattr(music, "_locked", overtaken)
    item = ArtistItem("Air", mbid="m1")
    library = Library()
    library.add_artists([item])
    named.refresh_from_db()
    assert library.artist_id(item) == named.pk
    assert named.mbid is None
    assert Artist.objects.count() == 2


def test_an_import_that_is_overtaken_forever_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added(ArtistItem("Air"))
    monkeypatch.setattr(music, "_locked", lambda *_: [])
    monkeypatch.setattr(Track.objects, "bulk_create", lambda *_, **__: None)
    with pytest.raises(Overtaken, match="same artists again and again"):
        Library().add_artists([ArtistItem("Air", "id1")])
    library = Library()
    library.add_artists([ArtistItem("Air")])
    with pytest.raises(Overtaken, match="same tracks again and again"):
        library.add_tracks([TrackItem("Kelly", ArtistItem("Air"))])


def test_genres_of_several_items_of_one_artist_are_all_linked() -> None:
    library = Library()
    items = [
        ArtistItem("Can", "id1", ("krautrock",)),
        ArtistItem("can", None, ("art",)),
    ]
    library.add_artists(items)
    assert library.add_genres(items, source="spotify") == 2
    links = ArtistGenre.objects.values_list("genre__name", "source")
    assert sorted(links) == [("art", "spotify"), ("krautrock", "spotify")]
    library = Library()
    library.add_artists(items)
    library.add_genres(items, source="lastfm")
    assert set(links.values_list("source", flat=True)) == {"spotify"}


@pytest.mark.parametrize("known", [False, True])
def test_the_cost_does_not_grow_with_the_items(
    known: bool, now: datetime, django_assert_max_num_queries: Any
) -> None:
    """With ids, recordings, claims and pairs; both first and again."""
    counts = []
    for count in (4, 60):
        tag = f"of {count}"
        mbids = [ArtistItem(f"A{n} {tag}", mbid=f"{tag} {n}") for n in range(count)]
        named = [ArtistItem(f"A{n} {tag}", f"{tag}s{n}") for n in range(0, count, 2)]
        first = [TrackItem(f"T{n}", i, isrc=f"{n} {tag}") for n, i in enumerate(mbids)]
        other = [
            TrackItem(f"T{n}", ArtistItem(f"B{n} {tag}"), isrc=f"{n} {tag}")
            for n in range(count)
        ]
        again = [*other, *[TrackItem(f"T{n}", i) for n, i in enumerate(named)]]
        for tracks in (first, again) if known else (first,):
            with django_assert_max_num_queries(40) as caught:
                library = Library()
                library.add_artists((t.artist for t in tracks), tracks=tracks)
                library.add_tracks(tracks)
                library.add_pairs(now=now)
        counts.append(len(caught))
        assert ArtistPair.objects.filter(reason__contains=tag).count() == count * known
    assert counts[0] == counts[1] <= 20


@pytest.mark.django_db(transaction=True)
def test_two_services_that_claim_the_same_rows_at_once_share_them(
    now: datetime,
) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    names = [f"Artist {n}" for n in range(100)]
    added(*[ArtistItem(name) for name in names])
    by_spotify = [ArtistItem(n, n.replace(" ", "")) for n in names]
    by_mbid = [ArtistItem(n, mbid=f"m{n}") for n in names]

    @transaction.atomic
    def add(items: list[ArtistItem]) -> list[int]:
        library = Library()
        library.add_artists(items)
        library.add_pairs(now=now)
        return [library.artist_id(item) for item in items]

    ids = in_threads(
        *[lambda i=i: add(i) for i in (by_spotify, by_mbid[::-1], by_spotify, by_mbid)]
    )
    assert ids[0] == ids[1][::-1] == ids[2] == ids[3]
    assert Artist.objects.exclude(spotify_id=None).exclude(mbid=None).count() == 100


@pytest.mark.django_db(transaction=True)
def test_imports_that_meet_neither_fail_nor_double_a_row() -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    names = [f"Artist {n}" for n in range(200)]
    added(*[ArtistItem(name) for name in names[::3]])
    items = [ArtistItem(n, f"id{n}".replace(" ", ""), ("a", "b", n)) for n in names]
    items += [ArtistItem(f"Only a name {n}") for n in range(50)]
    tracks = [TrackItem(f"T {i.name}", i, i.spotify_id) for i in items]

    @transaction.atomic
    def add(step: int) -> list[int]:
        library = Library()
        library.add_artists(items[::step])
        library.add_genres(items[::step])
        library.add_tracks(tracks[::step])
        return sorted(library.artist_id(item) for item in items)

    ids = in_threads(*[lambda step=step: add(step) for step in (1, -1, 1, -1)])
    assert all(each == ids[0] for each in ids)
    assert Artist.objects.count() == Track.objects.count() == 250
    assert ArtistGenre.objects.count() == 600

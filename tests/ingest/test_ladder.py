"""Which row an artist or a track is: each rung, what it may not do, and doubts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.models import Artist, ArtistPair, Track
from ingest.music import Library
from ingest.names import name_key
from ingest.sources.base import ArtistItem, TrackItem
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
M1, M2 = "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d", "f59c5520-5f46-4d2c-b2c4-822eabf53419"
ISRC = "GBAYE6800011"


def taken(
    *items: ArtistItem, tracks: Sequence[TrackItem] = (), now: datetime = NOW
) -> list[Artist]:
    """Take items in as an import does; gives their rows."""
    library = Library()
    every = [*items, *(track.artist for track in tracks)]
    library.add_artists(every, tracks=tracks)
    library.add_tracks(tracks)
    library.add_pairs(now=now)
    return [Artist.objects.get(pk=library.artist_id(item)) for item in every]


def row(name: str, spotify_id: str | None = None, mbid: str | None = None) -> Artist:
    return Artist.objects.create(
        name=name, name_key=name_key(name), spotify_id=spotify_id, mbid=mbid
    )


def credit(artist: Artist, isrc: str = ISRC) -> Track:
    """Let an artist have a track with this recording."""
    name = f"{isrc} by {artist.pk}"
    fields = {"name": name, "name_key": name_key(name), "isrc": isrc}
    return Track.objects.create(artist=artist, spotify_id=f"t{artist.pk}", **fields)


def pairs() -> list[tuple[int, int, str]]:
    rows = ArtistPair.objects.order_by("artist_id", "other_id")
    return list(rows.values_list("artist_id", "other_id", "reason"))


def ids_of(artist: Artist) -> tuple[str | None, str | None]:
    artist.refresh_from_db()
    return artist.spotify_id, artist.mbid


# --- Rungs ----------------------------------------------------------------


def test_a_spotify_id_comes_before_all_else() -> None:
    right, mbid, named = row("Ye", "s1"), row("Air", mbid=M1), row("Air", "s2")
    credit(named)
    item = ArtistItem("Air", "s1", mbid=M1)
    assert taken(tracks=[TrackItem("Kelly", item, isrc=ISRC)]) == [right]
    assert ids_of(right) == ("s1", None)
    assert ids_of(mbid) == (None, M1)


@pytest.mark.parametrize("mbid", [None, M1])
def test_a_recording_tells_artists_of_one_name_apart(mbid: str | None) -> None:
    older, right = row("Air", "s1"), row("Air", "s2")
    credit(right)
    item = ArtistItem("air", mbid=mbid)
    assert taken(tracks=[TrackItem("Kelly", item, isrc=ISRC)]) == [right]
    assert ids_of(right) == ("s2", mbid)
    assert pairs() == []
    # Without the recording only the MBID it was given leads there again.
    assert taken(item) == [right if mbid else older]


def test_a_recording_leads_a_spotify_id_to_the_row_it_claims() -> None:
    other, right = row("Air", mbid=M1), row("Air", mbid=M2)
    credit(right)
    item = ArtistItem("AIR", "s1")
    assert taken(tracks=[TrackItem("Kelly", item, isrc=ISRC)]) == [right]
    assert ids_of(right) == ("s1", M2)
    assert right.name == "AIR"
    assert ids_of(other) == (None, M1)


def test_a_recording_comes_before_an_mbid_and_the_two_are_asked_about() -> None:
    right, known = row("Air", "s1"), row("Air", mbid=M1)
    credit(right)
    item = ArtistItem("Air", mbid=M1)
    assert taken(tracks=[TrackItem("Kelly", item, isrc=ISRC)]) == [right]
    assert ids_of(right) == ("s1", None)
    assert pairs() == [(right.pk, known.pk, f"Both came with the MusicBrainz id {M1}.")]


def test_a_recording_of_two_of_the_name_says_nothing() -> None:
    older, other = row("Air", "s1"), row("Air", "s2")
    for one in (older, other):
        credit(one)
    item = ArtistItem("Air")
    assert taken(tracks=[TrackItem("Kelly", item, isrc=ISRC)]) == [older]


def test_an_mbid_tells_artists_of_one_name_apart() -> None:
    older, right = row("Air", mbid=M1), row("Air", mbid=M2)
    assert taken(ArtistItem("Air", mbid=M2), ArtistItem("AIR")) == [right, older]
    assert taken(ArtistItem("air", "s1", mbid=M2)) == [right]
    assert ids_of(right) == ("s1", M2)
    assert right.name == "air"


@pytest.mark.parametrize(
    "items",
    [
        (ArtistItem("Sade"), ArtistItem("SADE", "s1"), ArtistItem("sade", mbid=M1)),
        (ArtistItem("Sade", mbid=M1), ArtistItem("SADE", "s1"), ArtistItem("sade")),
        (ArtistItem("SADE", "s1"), ArtistItem("sade", mbid=M1), ArtistItem("Sade")),
    ],
)
def test_one_name_gathers_its_ids_and_spotify_spells_it(
    items: tuple[ArtistItem, ...],
) -> None:
    [only] = {taken(item)[0] for item in items}
    assert ids_of(only) == ("s1", M1)
    assert only.name == "SADE"
    assert len({*taken(*items)}) == Artist.objects.count() == 1
    assert pairs() == []


# --- What is not joined ---------------------------------------------------


def test_two_mbids_of_one_name_are_two_artists() -> None:
    one, two = taken(ArtistItem("Air", mbid=M1), ArtistItem("Air", mbid=M2))
    assert one != two
    credit(one)
    again = ArtistItem("Air", mbid=M2)
    assert taken(tracks=[TrackItem("Kelly", again, isrc=ISRC)]) == [two]
    assert pairs() == []


@pytest.mark.parametrize("item", [ArtistItem("Ye"), ArtistItem("Ye", "s2")])
def test_a_recording_under_another_name_is_asked_about(item: ArtistItem) -> None:
    kanye = row("Kanye West", mbid=M1)
    credit(kanye)
    for days in range(2):
        [ye] = taken(
            tracks=[TrackItem("Power", item, isrc=ISRC)], now=NOW + timedelta(days)
        )
        assert ye != kanye
    reason = "Both are credited with the recording GBAYE6800011."
    assert pairs() == [(kanye.pk, ye.pk, reason)]
    pair = ArtistPair.objects.get()
    assert (pair.state, pair.noticed_at) == ("open", NOW)


def test_an_mbid_under_another_name_is_asked_about() -> None:
    kanye = row("Kanye West", "s1", M1)
    item = ArtistItem("Ye", mbid=M1)
    [ye] = taken(item)
    assert ids_of(ye) == (None, None)
    assert ids_of(kanye) == ("s1", M1)
    assert pairs() == [(kanye.pk, ye.pk, f"Both came with the MusicBrainz id {M1}.")]
    assert taken(item) == [ye]
    assert Artist.objects.count() == 2


def test_an_item_whose_ids_are_of_two_rows_is_asked_about() -> None:
    one, other = row("Air", "s1"), row("Air", mbid=M1)
    assert taken(ArtistItem("Air", "s1", mbid=M1)) == [one]
    assert ids_of(other) == (None, M1)
    assert [pair[:2] for pair in pairs()] == [(one.pk, other.pk)]


def test_a_spotify_id_never_moves_to_the_row_of_an_mbid() -> None:
    kept = row("Air", "s1", M1)
    [new] = taken(ArtistItem("Air", "s2", mbid=M1))
    assert ids_of(kept) == ("s1", M1)
    assert ids_of(new) == ("s2", None)
    assert [pair[:2] for pair in pairs()] == [(kept.pk, new.pk)]


def test_a_new_id_goes_to_no_row_where_two_could_take_it() -> None:
    """And a person is asked, unless the name is so common that it says nothing."""
    rows = [row("Nirvana", "s1"), row("Nirvana", "s2")]
    [new] = taken(ArtistItem("Nirvana", mbid=M1))
    assert new not in rows
    assert [pair[:2] for pair in pairs()] == [(one.pk, new.pk) for one in rows]
    assert "both have one name" in pairs()[0][2].lower()
    row("Nirvana", "s3")
    taken(ArtistItem("Nirvana", mbid=M2))
    assert len(pairs()) == 2


def test_what_spotify_has_under_two_names_is_two_artists() -> None:
    credit(row("Jay-Z", "s1"))
    item = ArtistItem("Kanye West", "s2")
    taken(tracks=[TrackItem("No Church", item, isrc=ISRC)])
    assert pairs() == []
    # Under one name it may have the same artist twice.
    double = ArtistItem("JAY-Z", "s3")
    taken(tracks=[TrackItem("No Church", double, isrc=ISRC)])
    assert len(pairs()) == 1


def test_who_stands_as_one_is_not_asked_about() -> None:
    kanye = row("Kanye West", "s1", M1)
    ye = row("Ye")
    credit(kanye)
    Artist.objects.filter(pk=ye.pk).update(same_as=kanye)
    item = ArtistItem("Ye", mbid=M1)
    assert taken(tracks=[TrackItem("Power", item, isrc=ISRC)]) == [ye]
    assert pairs() == []


@pytest.mark.parametrize("state", ["same", "different"])
def test_what_was_decided_is_not_asked_again(state: str) -> None:
    credit(row("Kanye West", mbid=M1))
    tracks = [TrackItem("Power", ArtistItem("Ye"), isrc=ISRC)]
    taken(tracks=tracks)
    ArtistPair.objects.update(state=state)
    taken(tracks=tracks)
    assert ArtistPair.objects.get().state == state


def test_the_spelling_of_a_renamed_artist_stays() -> None:
    kept = row("Kanye West", "s1")
    taken(ArtistItem("Ye", "s1", mbid=M1))
    assert ids_of(kept) == ("s1", M1)
    assert kept.name == "Kanye West"


# --- Order ----------------------------------------------------------------


class True_(NamedTuple):
    """An artist as it is in the world; services know a part of it."""

    name: str
    spotify_id: str | None
    mbid: str | None


SPELLINGS = (str, str.upper, lambda name: f" {name} ")


@st.composite
def worlds(draw: Any, *, homonyms: bool) -> list[True_]:
    count = draw(st.integers(1, 5))
    names = draw(
        st.lists(st.sampled_from("abc"), min_size=count, max_size=count)
        if homonyms
        else st.permutations("abcde").map(lambda all_: all_[:count])
    )
    return [
        True_(
            name,
            f"s{n}" if draw(st.booleans()) else None,
            f"m{n}" if draw(st.booleans()) else None,
        )
        for n, name in enumerate(names)
    ]


@st.composite
def items_of(draw: Any, *, homonyms: bool) -> list[ArtistItem]:
    """What services say of some artists: each a spelling, and some of the ids."""
    world = draw(worlds(homonyms=homonyms))
    said = draw(
        st.lists(
            st.tuples(
                st.sampled_from(world),
                st.sampled_from(SPELLINGS),
                st.booleans(),
                st.booleans(),
            ),
            min_size=1,
            max_size=10,
        )
    )
    return [
        ArtistItem(
            spelt(true.name),
            true.spotify_id if has_id else None,
            mbid=true.mbid if has_mbid else None,
        )
        for true, spelt, has_id, has_mbid in said
    ]


def parted(calls: Sequence[Sequence[ArtistItem]]) -> set[frozenset[ArtistItem]]:
    """Which items are one artist, after so many imports into an empty library."""
    Artist.objects.all().delete()
    for items in calls:
        taken(*items)
    library = Library()
    every = [item for items in calls for item in items]
    library.add_artists(every)
    rows: dict[int, set[ArtistItem]] = {}
    for item in every:
        rows.setdefault(library.artist_id(item), set()).add(item)
    return {frozenset(items) for items in rows.values()}


many = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(data=st.data())
@many
def test_within_one_import_the_order_does_not_matter(data: Any) -> None:
    items = data.draw(items_of(homonyms=True))
    shuffled = data.draw(st.permutations(items))
    assert parted([items]) == parted([shuffled])


@given(data=st.data())
@many
def test_where_names_differ_no_order_matters_and_nobody_is_confused(data: Any) -> None:
    items = data.draw(items_of(homonyms=False))
    shuffled = data.draw(st.permutations(items))
    cuts = sorted(data.draw(st.sets(st.integers(1, 9), max_size=3)))
    bounds = zip([0, *cuts], [*cuts, len(items)], strict=True)
    calls = [shuffled[start:end] for start, end in bounds]
    found = parted(calls)
    assert found == parted([items])
    assert {frozenset(name_key(i.name) for i in one) for one in found} == {
        frozenset([name_key(i.name)]) for i in items
    }
    assert not ArtistPair.objects.exists()


@given(calls=st.lists(items_of(homonyms=True), min_size=1, max_size=4))
@many
def test_an_id_stays_where_it_is_and_no_two_share_a_row(
    calls: list[list[ArtistItem]],
) -> None:
    Artist.objects.all().delete()
    seen: dict[str, int] = {}
    for items in calls:
        rows = taken(*items)
        for artist in Artist.objects.all():
            for found in (artist.spotify_id, artist.mbid):
                if found is not None:
                    assert seen.setdefault(found, artist.pk) == artist.pk
        for item, artist in zip(items, rows, strict=True):
            assert item.spotify_id in (None, artist.spotify_id)
            # The row of a Spotify id keeps the MBID it has.
            has_another = artist.mbid not in (None, item.mbid)
            assert item.mbid is None or item.mbid in seen or has_another
    assert ArtistPair.objects.filter(state="open").count() == len({*pairs()})


# --- Tracks ---------------------------------------------------------------


def tracked(*items: TrackItem) -> list[Track]:
    library = Library()
    library.add_artists(item.artist for item in items)
    library.add_tracks(items)
    return [Track.objects.get(pk=library.track_id(item)) for item in items]


LOW, CAN = ArtistItem("Low"), ArtistItem("Can")


def test_a_track_is_known_by_its_id_whatever_else() -> None:
    [first] = tracked(TrackItem("Words", LOW, "t1"))
    [again] = tracked(TrackItem("Word", CAN, "t1", isrc=ISRC))
    assert again == first
    assert (again.name, again.artist.name, again.isrc) == ("Words", "Low", ISRC)


def test_a_recording_is_one_track_of_an_artist_whatever_its_name() -> None:
    [first] = tracked(TrackItem("Words", LOW, "t1", isrc=ISRC))
    live, other = tracked(
        TrackItem("Words (Remastered)", LOW, isrc=ISRC),
        TrackItem("Words", CAN, isrc=ISRC),
    )
    assert live == first
    assert other != first
    # Spotify has it twice, so it is twice.
    assert tracked(TrackItem("Words", LOW, "t2", isrc=ISRC)) != [first]


def test_a_track_without_an_id_is_claimed_by_recording_and_by_name() -> None:
    by_isrc, by_name = tracked(
        TrackItem("Wordz", LOW, isrc=ISRC), TrackItem("Sunflower", LOW)
    )
    claimed = tracked(
        TrackItem("Words", LOW, "t1", isrc=ISRC), TrackItem("SUNFLOWER", LOW, "t2")
    )
    assert claimed == [by_isrc, by_name]
    assert [track.spotify_id for track in claimed] == ["t1", "t2"]
    assert tracked(TrackItem("sunflower", LOW)) == [by_name]


def test_a_name_goes_on_meaning_the_same_track() -> None:
    """Else the same listen, imported again, would be another one."""
    [first] = tracked(TrackItem("Words", LOW, "t1"))
    for new in (TrackItem("Words", LOW, "t2"), TrackItem("words", LOW, isrc=ISRC)):
        tracked(new)
        assert tracked(TrackItem("Words", LOW)) == [first]
    first.refresh_from_db()
    assert first.isrc == ""


def test_an_id_takes_no_track_where_another_has_the_name() -> None:
    library = Library()
    library.add_artists([LOW])
    fields = {"name": "Words", "name_key": "words", "artist_id": library.artist_id(LOW)}
    Track.objects.create(**fields, spotify_id="t1")
    plain = Track.objects.create(**fields)
    [new] = tracked(TrackItem("Words", LOW, "t2"))
    assert new.pk > plain.pk
    assert tracked(TrackItem("Words", LOW)) == [plain]

"""Ranked lists of three ranges out of single plays."""

from ingest.sources.export import (
    Heard,
    Listened,
    Month,
    Play,
    artists_of,
    top_lists,
    top_tracks,
)
from tests.ingest.sources.export.builders import NOW, TRACK_ID

DAY = 24 * 3600
END = int(NOW.timestamp())
OLD = {(2019, 3): Month(1, 2, {"old": Listened(40, 1), "a": Listened(50, 1)}, True)}


def plays(artist: str, days: float, count: int = 1, *, ms: int = 1000) -> list[Play]:
    """Plays of an artist so many days ago."""
    moment = END - int(days * DAY)
    return [Play(moment, ms, artist, "Track", None, True) for _ in range(count)]


def lists(*found: list[Play]) -> dict[str, list[str]]:
    every = [play for several in found for play in several]
    return top_lists(artists_of(every), OLD, now=NOW)


def test_each_range_has_the_plays_of_its_days() -> None:
    found = lists(
        plays("A", 28, 5),
        plays("B", 28.1, 6),
        plays("C", 182, 7),
        plays("D", 182.1, 8),
        plays("E", 365, 9),
        plays("F", 365.1, 10),
    )
    assert found == {
        "short_term": ["a"],
        "medium_term": ["c", "b", "a"],
        "long_term": ["e", "d", "c", "b", "a"],
    }


def test_plays_lead_then_time_then_the_key() -> None:
    found = lists(
        plays("d", 1, 5, ms=10),
        plays("c", 1, 5, ms=10),
        plays("b", 1, 5, ms=11),
        plays("a", 1, 4, ms=99),
        plays("e", 1, 6, ms=1),
    )
    assert found["short_term"] == ["e", "b", "c", "d", "a"]


def test_a_year_with_hardly_any_plays_gives_way_to_the_whole_history() -> None:
    thin = lists(plays("New", 1, 19))
    assert thin["short_term"] == ["new"]
    assert thin["long_term"] == ["a", "old"]
    assert lists(plays("New", 1, 20))["long_term"] == ["new"]
    assert lists() == {"short_term": [], "medium_term": [], "long_term": ["a", "old"]}


def test_artists_may_be_keyed_by_their_ids() -> None:
    months = {(2019, 3): Month(1, 2, {7: Listened(1, 1), 5: Listened(1, 1)}, True)}
    found = top_lists([(3, END, 10)], months, now=NOW)
    assert found == {"short_term": [3], "medium_term": [3], "long_term": [5, 7]}


def test_lists_end_at_150_artists_and_50_tracks() -> None:
    every = [play for n in range(200) for play in plays(f"Artist {n:03}", 1)]
    found = top_lists(artists_of(every), {}, now=NOW)
    assert [len(names) for names in found.values()] == [150, 150, 150]
    assert found["short_term"][-1] == "artist 149"
    tracks = top_tracks(every, now=NOW)
    assert [len(names) for names in tracks.values()] == [50, 50, 50]


def test_tracks_are_ranked_the_same_way_and_named_as_lately() -> None:
    old = [Play(END - 40 * DAY, 1, "BRAE", "one", "A" * 22, True)] * 3
    new = [Play(END - DAY, 1, "Brae", "One", TRACK_ID, True)]
    other = [Play(END - 2 * DAY, 5, "Low", "One", None, False)] * 2
    found = top_tracks([*new, *other, *old], now=NOW)
    one, low = Heard("Brae", "One", TRACK_ID), Heard("Low", "One", None)
    assert found == {
        "short_term": [low, one],
        "medium_term": [one, low],
        "long_term": [one, low],
    }
    assert top_tracks([], now=NOW) == {
        "short_term": [],
        "medium_term": [],
        "long_term": [],
    }

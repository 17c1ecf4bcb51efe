"""Ranked lists of one person, as rows."""

from collections.abc import Iterable, Mapping

from ingest.models import Source, TopArtist, TopTrack
from ingest.services.rows import rows_insert


def artists_rank(
    *, person_id: int, source: Source, lists: Mapping[str, Iterable[int]]
) -> int:
    """Put lists of artist ids in place of those of the same source and time range.

    An empty mapping takes all of them away. Returns how many artists there are.
    """
    return _replace(TopArtist, "artist_id", person_id, source, lists)


def tracks_rank(
    *, person_id: int, source: Source, lists: Mapping[str, Iterable[int]]
) -> int:
    """Do the same with lists of track ids."""
    return _replace(TopTrack, "track_id", person_id, source, lists)


def _replace(
    model: type[TopArtist] | type[TopTrack],
    item: str,
    person_id: int,
    source: Source,
    lists: Mapping[str, Iterable[int]],
) -> int:
    rows = [
        (person_id, str(source), str(time_range), rank, pk)
        for time_range, ids in lists.items()
        # Each once: some services name an item twice.
        for rank, pk in enumerate(dict.fromkeys(ids), start=1)
    ]
    mine = model._default_manager.filter(person_id=person_id, source=source)
    (mine.filter(time_range__in=list(lists)) if lists else mine).delete()
    rows_insert(model, ("person_id", "source", "time_range", "rank", item), rows)
    return len({row[-1] for row in rows})

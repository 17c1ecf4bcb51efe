"""What people listen to: whole lists, and nothing of a source that is not theirs."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, Max, OuterRef

from ingest.models import Listen, ListeningMonth, SourceLink, TopArtist, TopTrack

_LIST = ("person_id", "source", "time_range")


def differences(now: datetime) -> Iterator[str]:
    yield from _lists(TopArtist, "artist")
    yield from _lists(TopTrack, "track")
    for model in (TopArtist, TopTrack, Listen, ListeningMonth):
        yield from _without_source(model)


def _lists(model: type[TopArtist] | type[TopTrack], item: str) -> Iterator[str]:
    """Ranks go from 1 up without a gap, and nothing is ranked twice."""
    lists = model._default_manager.order_by().values(*_LIST)
    counted = lists.annotate(
        lines=Count("pk"), last=Max("rank"), items=Count(item, distinct=True)
    )
    for row in counted.order_by(*_LIST).iterator():
        where = (
            f"person {row['person_id']}, {row['source']} {row['time_range']} {item}s"
        )
        if row["last"] != row["lines"]:
            yield f"{where}: {row['lines']} lines, and the last rank is {row['last']}"
        if row["items"] != row["lines"]:
            yield f"{where}: {row['lines'] - row['items']} more than once"


def _without_source(
    model: type[TopArtist | TopTrack | Listen | ListeningMonth],
) -> Iterator[str]:
    link = SourceLink.objects.filter(
        person=OuterRef("person"), source=OuterRef("source")
    )
    rows = model._default_manager.filter(~Exists(link)).order_by()
    for row in rows.values("person_id", "source").annotate(rows=Count("pk")):
        yield (
            f"person {row['person_id']}: {row['rows']} {model._meta.verbose_name} rows"
            f" of {row['source']}, which is not connected"
        )

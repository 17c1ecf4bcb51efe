"""Saying that two artists are one, and taking it back.

Rows stay as they are: ``same_as`` of one names the row that stands for it, which itself
stands for nobody but itself. So a split gives back exactly what there was.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from ingest.models import Artist, ArtistPair
from ingest.services.echoes import echoes_of_artists
from ingest.signals import artists_changed

_GONE = "One of these artists is no longer here."


class CannotMerge(Exception):
    """These artists cannot stand as one; the message says why."""


class CannotSplit(Exception):
    """This artist cannot be taken out; the message says why."""


@transaction.atomic
def artist_merge(
    *, keep_id: int, other_ids: Collection[int], by: User, now: datetime
) -> None:
    """Let one artist stand for others, and for those that they stood for.

    Raises :class:`CannotMerge`.
    """
    others = set(other_ids) - {keep_id}
    if not others:
        raise CannotMerge("Choose at least two artists.")
    rows = _locked({keep_id, *others})
    keep = rows.get(keep_id)
    if keep is None or not others <= rows.keys():
        raise CannotMerge(_GONE)
    if keep.same_as_id is not None and keep.same_as_id not in others:
        raise CannotMerge(
            f"Another artist stands for {keep}. Keep that one, or split {keep} off"
            " first."
        )
    Artist.objects.filter(pk=keep_id).update(same_as=None)
    # Asked only now: since the rows are locked nobody else can add to them.
    moved = Artist.objects.rows_of(others).exclude(pk=keep_id)
    moved.update(same_as=keep_id)
    _decide(_among(keep_id), ArtistPair.State.SAME, by, now)
    left = {row.same_as_id for row in rows.values() if row.same_as_id is not None}
    _tell({keep_id, *left - others}, now)


@transaction.atomic
def artist_split(*, artist_id: int, by: User, now: datetime) -> None:
    """Let an artist stand for itself again; raises :class:`CannotSplit`."""
    artist = _locked({artist_id}).get(artist_id)
    if artist is None:
        raise CannotSplit(_GONE)
    stood_for = artist.same_as_id
    if stood_for is None:
        raise CannotSplit(f"No other artist stands for {artist}.")
    apart = _among(stood_for) & (Q(artist=artist) | Q(other=artist))
    _decide(apart, ArtistPair.State.DIFFERENT, by, now)
    Artist.objects.filter(pk=artist_id).update(same_as=None)
    _tell({artist_id, stood_for}, now)


@transaction.atomic
def pair_decide(*, pair_id: int, are_same: bool, by: User, now: datetime) -> ArtistPair:
    """Write down what a person says of two artists, and merge them if they are one.

    Kept is the one with a Spotify id, else with an MBID, else the older one. Raises
    :class:`CannotMerge` and :class:`CannotSplit`.
    """
    pairs = ArtistPair.objects.select_related("artist", "other")
    pair = pairs.filter(pk=pair_id).first()
    if pair is None:
        raise CannotMerge(_GONE)
    one, other = (
        artist.same_as_id or artist.pk for artist in (pair.artist, pair.other)
    )
    if are_same:
        if one != other:
            keep = min(_locked({one, other}).values(), key=keeping_order)
            artist_merge(keep_id=keep.pk, other_ids=[one, other], by=by, now=now)
        _decide(Q(pk=pair_id), ArtistPair.State.SAME, by, now)
    elif one == other:
        raise CannotSplit(
            f"{pair.artist} and {pair.other} stand as one artist. Split one off first."
        )
    else:
        _decide(Q(pk=pair_id), ArtistPair.State.DIFFERENT, by, now)
    pair.refresh_from_db()
    return pair


def _locked(ids: Iterable[int]) -> dict[int, Artist]:
    """Lock artists in the order of their ids; without their keys, which stay."""
    rows = Artist.objects.select_for_update(no_key=True).filter(pk__in=set(ids))
    return {row.pk: row for row in rows.order_by("pk")}


def keeping_order(artist: Artist) -> tuple[bool, bool, bool, int]:
    """Order artists by how well they stand for others: by their ids, then by age."""
    is_part = artist.same_as_id is not None
    return is_part, artist.spotify_id is None, artist.mbid is None, artist.pk


def _among(artist_id: int) -> Q:
    """Pairs whose two artists this one stands for."""
    rows = Artist.objects.rows_of([artist_id]).values("pk")
    return Q(artist__in=rows) & Q(other__in=rows)


def _decide(pairs: Q, state: ArtistPair.State, by: User, now: datetime) -> None:
    open_or_other = ArtistPair.objects.filter(pairs).exclude(state=state)
    open_or_other.update(state=state, decided_at=now, decided_by=by)


def _enqueue_echoes(*, artist_ids: Sequence[int], after: int) -> None:
    """Leave the people after this one to a worker, after commit."""

    def send() -> None:
        from ingest.tasks import mark_echoes_task

        mark_echoes_task.delay(artist_ids=list(artist_ids), after=after)

    transaction.on_commit(send, robust=True)


def _tell(artist_ids: Collection[int], now: datetime) -> None:
    """Mark echoes anew, the first hundred people's at once, and tell the layers above.

    Before those are told: they lock what comes after people.
    """
    after = echoes_of_artists(artist_ids=artist_ids)
    if after is not None:
        _enqueue_echoes(artist_ids=sorted(artist_ids), after=after)
    artists_changed.send(sender=Artist, artist_ids=sorted(artist_ids), now=now)

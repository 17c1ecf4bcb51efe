"""Having the tastes computed anew of people whose artists were answered about."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import F, QuerySet

from ingest.models import ArtistLookup
from ingest.services.lookups.memory import FOUND_LASTS, UNTOLD
from ingest.services.turns import Clock
from ingest.signals import listening_changed

_AT_ONCE = 500
_PLACE_SECONDS = 86_400

Listeners = Callable[[Collection[int]], QuerySet[Any, int]]


def tell(
    services: Collection[str],
    listeners: Listeners,
    *,
    clock: Clock,
    until: datetime,
    found_lasts: timedelta = FOUND_LASTS,
) -> bool:
    """Tell everyone concerned once, in the order of their ids; whether all were.

    ``listeners`` finds the people of artists. Those there was no time for are told by
    the next call, which goes on where this one stopped; after a later answer it begins
    with the first again.
    """
    untold = ArtistLookup.objects.filter(UNTOLD, service__in=services)
    asked = list(untold.values_list("artist_id", "asked_at"))
    if not asked:
        return True
    artists, latest = {artist for artist, _ in asked}, max(at for _, at in asked)
    place_key = "lookups:told:" + ",".join(services)
    answer, place = cache.get(place_key, (latest, 0))
    if answer != latest:
        place = 0
    people = listeners(artists).distinct()
    while True:
        later = people.filter(person_id__gt=place).order_by("person_id")
        batch = list(later[:_AT_ONCE])
        if not batch:
            break
        for place in batch:
            if clock() >= until:
                return False
            listening_changed.send(sender=ArtistLookup, person_id=place, now=clock())
            cache.set(place_key, (latest, place), _PLACE_SECONDS)
    # In this order: a place that outlived its people would hide others.
    cache.delete(place_key)
    told = untold.filter(artist__in=artists, asked_at__lte=latest)
    told.update(ask_again_at=F("asked_at") + found_lasts)
    return True

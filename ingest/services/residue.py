"""What a source has left of a person, counted table by table."""

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.cache import cache

from accounts.models import SpotifyGrant
from ingest.models import (
    ImportRun,
    Listen,
    ListeningMonth,
    Source,
    SourceLink,
    TopArtist,
    TopTrack,
)
from ingest.services.uploads import uploads_kept
from ingest.sources.base import Way

_TABLES = (TopArtist, TopTrack, Listen, ListeningMonth, ImportRun)


@dataclass(frozen=True, slots=True)
class Residue:
    """What there is of one source, by table. Nothing may be left without a link."""

    source: Source
    is_linked: bool
    counts: dict[str, int]

    @property
    def is_clean(self) -> bool:
        return self.is_linked or not any(self.counts.values())


def residue_of(person_id: int) -> list[Residue]:
    """Count what every source has left of a person."""
    links = SourceLink.objects.filter(person_id=person_id)
    linked = set(links.values_list("source", flat=True))
    return [
        Residue(source, source in linked, dict(_counts(person_id, source)))
        for source in Source
    ]


def _counts(person_id: int, source: Source) -> Iterator[tuple[str, int]]:
    for model in _TABLES:
        rows = model._default_manager.filter(person_id=person_id, source=source)
        yield model.__name__, rows.count()
    if source.door.way is Way.SIGN_IN:
        mine = {"user_id": person_id, "provider": source.value}
        accounts = SocialAccount.objects.filter(**mine)
        yield "SpotifyGrant", SpotifyGrant.objects.filter(person_id=person_id).count()
        yield "SocialAccount", accounts.count()
        yield "SocialToken", SocialToken.objects.filter(account__in=accounts).count()
        yield "cache keys", len(cache.get_many([f"spotify-refresh:{person_id}"]))
    if source.door.way is Way.UPLOAD:
        kept = uploads_kept()
        runs = ImportRun.objects.filter(pk__in=kept, source=source)
        owners = dict(runs.values_list("pk", "person_id"))
        yield "uploads", sum(owner == person_id for owner in owners.values())
        # Whose they were, nobody can say.
        yield "uploads of nobody", len(kept) - len(owners)

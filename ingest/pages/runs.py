"""What the page of an import adds to the import itself."""

from dataclasses import dataclass

from ingest.credits import thanked
from ingest.models import ImportRun, TopArtist
from ingest.pages.words import listed
from ingest.services.lookups import genres_awaited, genres_known
from ingest.services.lookups.switches import genre_services


@dataclass(frozen=True, slots=True)
class GenresSoFar:
    """Of how many artists a genre is known by now, and of how many we still ask.

    ``asked`` names the services this site asks; it is empty where it asks none.
    """

    known: int
    of: int
    awaited: int
    asked: str

    @property
    def known_text(self) -> str:
        artists = "1 artist" if self.of == 1 else f"{self.of:,} artists"
        if self.known == self.of:
            return f"Genres known for {'all ' * (self.of > 1)}{artists}."
        known = f"{self.known:,}" if self.known else "none"
        return f"Genres known for {known} of {artists}."

    @property
    def asked_text(self) -> str:
        """What is done about the others; nothing to say where nobody is asked."""
        rest = self.of - self.known
        if not self.asked or not rest:
            return ""
        if not self.awaited:
            return f"Those of the rest could not be found at {self.asked}."
        whom = "the rest" if self.awaited == rest else f"{self.awaited:,} more"
        return f"We ask {self.asked} for {whom}, which takes a while."


def genres_so_far(run: ImportRun) -> GenresSoFar | None:
    """Read what is known of the artists a finished import brought; None without any."""
    if run.state != ImportRun.State.DONE or not run.artists_count:
        return None
    rows = TopArtist.objects.filter(person=run.person_id, source=run.source)
    artists = set(rows.values_list("artist_id", flat=True))
    if not artists:
        return None
    known, of = genres_known(artists)
    services = genre_services() if known < of else ()
    return GenresSoFar(
        known,
        of,
        genres_awaited(artists) if services else 0,
        listed([thanked(service).label for service in services]),
    )

"""The doors of this site, as a page shows them."""

from dataclasses import dataclass

from django.urls import reverse

from ingest.models import Source
from ingest.services import doors
from ingest.sources.base import Way


@dataclass(frozen=True, slots=True)
class WayIn:
    """The button that leads in by a door; ``is_post`` where it is a form at once."""

    source: Source
    action: str
    url: str
    is_post: bool

    @property
    def label(self) -> str:
        return self.source.label


def way_in(source: Source, *, again: bool = False) -> WayIn:
    """Return how people come in by an open door; ``again`` after a consent ended."""
    way = source.door.way
    suffix = " again" if again else ""
    action = _ACTIONS.get(way, "Connect {label}").format(label=source.label) + suffix
    is_post = way in {Way.SIGN_IN, Way.CONSENT}
    return WayIn(source, action, _url(source, again=again), is_post)


_ACTIONS = {
    Way.PICK: "Pick artists by hand",
    Way.UPLOAD: "Upload your {label}",
}


def _url(source: Source, *, again: bool) -> str:
    if source.door.way is Way.UPLOAD:
        return reverse("ingest:upload")
    if source.door.way is not Way.SIGN_IN:
        return reverse("ingest:source_connect", args=[source])
    url = f"{reverse('spotify_login')}?process=connect"
    return f"{url}&auth_params=show_dialog%3Dtrue" if again else url


def open_ways(*, without: str = "") -> list[WayIn]:
    """Return every way in that this site offers, in the order of the sources."""
    return [
        way_in(source)
        for source in Source
        if source != without and doors.is_open(source)
    ]

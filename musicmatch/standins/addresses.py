"""Which services a laptop's site finds played by stand-ins, and where it finds them.

Everything that starts the site reads this, so nothing here loads a server.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from musicmatch.standins.credentials import LASTFM_API_KEY, LASTFM_SECRET

_GENRE_LOOKUP = "GENRE_LOOKUP"


@dataclass(frozen=True, slots=True)
class Service:
    """One service; ``settings`` are values in which ``{}`` stands for its origin.

    A host that has set one of ``addresses``, were it to nothing, or given ``keys``
    a value, has decided about the service. ``tells_genres`` if it may be asked.
    """

    label: str
    settings: Mapping[str, str]
    addresses: tuple[str, ...]
    keys: tuple[str, ...] = ()
    tells_genres: bool = True

    def is_decided(self, environment: Mapping[str, str]) -> bool:
        given = any(
            name in environment or f"{name}_FILE" in environment
            for name in self.addresses
        )
        return given or any(
            environment.get(name) or environment.get(f"{name}_FILE")
            for name in self.keys
        )


# Those that tell genres in the order in which they are asked.
SERVICES = {
    "listenbrainz": Service(
        label="ListenBrainz",
        settings={"LISTENBRAINZ_URL": "{}", "LISTENBRAINZ_AUTH_URL": "{}/settings/"},
        addresses=("LISTENBRAINZ_URL", "LISTENBRAINZ_AUTH_URL"),
    ),
    "musicbrainz": Service(
        label="MusicBrainz",
        settings={"MUSICBRAINZ_URL": "{}/ws/2"},
        addresses=("MUSICBRAINZ_URL",),
    ),
    "lastfm": Service(
        label="Last.fm",
        settings={
            "LASTFM_URL": "{}/2.0/",
            "LASTFM_AUTH_URL": "{}/api/auth/",
            "LASTFM_API_KEY": LASTFM_API_KEY,
            "LASTFM_SECRET": LASTFM_SECRET,
        },
        addresses=("LASTFM_URL", "LASTFM_AUTH_URL"),
        keys=("LASTFM_API_KEY",),
    ),
    "reccobeats": Service(
        label="ReccoBeats",
        settings={"RECCOBEATS_URL": "{}/v1"},
        addresses=("RECCOBEATS_URL",),
        tells_genres=False,
    ),
}


def undecided(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services that the host's environment says nothing about."""
    return tuple(
        name
        for name, service in SERVICES.items()
        if not service.is_decided(environment)
    )


def settings_for(
    names: Sequence[str], origin: str, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings that lead to these services' stand-ins at ``origin``.

    Only they are asked for genres, unless the host has said who is.
    """
    services = [SERVICES[name] for name in names]
    values = {
        name: text.format(origin)
        for service in services
        for name, text in service.settings.items()
    }
    asked = [name for name in names if SERVICES[name].tells_genres]
    is_decided = _GENRE_LOOKUP in environment or f"{_GENRE_LOOKUP}_FILE" in environment
    if asked and not is_decided:
        values[_GENRE_LOOKUP] = ",".join(asked)
    return values


def labels(names: Iterable[str]) -> str:
    return ", ".join(SERVICES[name].label for name in names)

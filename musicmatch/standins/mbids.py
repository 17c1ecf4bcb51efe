"""MusicBrainz identifiers for the shelf: made up, and the same in every service.

MusicBrainz does not know everything: some artists have no entry, some recordings
no ISRC, some artists no link to Spotify.
"""

from functools import cache

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.draws import draw, uuid
from musicmatch.standins.shelf import Track, tracks_by_isrc

_ARTISTS_KNOWN = 0.92
_RECORDINGS_MATCHED = 0.85
_ISRCS_KNOWN = 0.7
_LINKS_KNOWN = 0.8


def artist_mbid(artist: CatalogueArtist) -> str | None:
    """The artist's MBID; None when MusicBrainz has no such artist."""
    if draw("mbid", artist.name) >= _ARTISTS_KNOWN:
        return None
    return uuid("artist", artist.name)


def recording_mbid(track: Track) -> str:
    return uuid("recording", track.artist.name, track.title)


def release_mbid(track: Track) -> str:
    return uuid("release", track.artist.name, track.title)


def genre_mbid(genre: str) -> str:
    return uuid("genre", genre)


def is_matched(track: Track) -> bool:
    """Whether listens to the track find their recording."""
    chance = draw("matched", track.artist.name, track.title)
    return chance < _RECORDINGS_MATCHED and artist_mbid(track.artist) is not None


def has_link(artist: CatalogueArtist) -> bool:
    """Whether MusicBrainz links the artist to Spotify."""
    known = artist_mbid(artist) is not None
    return known and draw("link", artist.name) < _LINKS_KNOWN


def recordings_with(isrc: str) -> tuple[Track, ...]:
    """The recordings that MusicBrainz has the ISRC for."""
    if draw("isrc known", isrc) >= _ISRCS_KNOWN:
        return ()
    tracks = tracks_by_isrc().get(isrc, ())
    return tuple(track for track in tracks if artist_mbid(track.artist) is not None)


@cache
def artists_by_mbid() -> dict[str, CatalogueArtist]:
    mbids = ((artist_mbid(artist), artist) for artist in load_catalogue())
    return {mbid: artist for mbid, artist in mbids if mbid is not None}

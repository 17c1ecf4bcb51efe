"""The music people listen to, where it came from, and how each import went."""

from ingest.models.links import SourceLink
from ingest.models.listening import (
    Listen,
    ListeningMonth,
    TimeRange,
    TopArtist,
    TopTrack,
)
from ingest.models.lookups import ArtistLookup, ArtistPair
from ingest.models.music import Artist, ArtistGenre, Genre, Track
from ingest.models.muted import MutedArtist
from ingest.models.runs import ImportRun
from ingest.models.sound import ArtistSound, AudioFeatures, Sound
from ingest.models.uploads import UploadPart
from ingest.sources.registry import Source

__all__ = [
    "Artist",
    "ArtistGenre",
    "ArtistLookup",
    "ArtistPair",
    "ArtistSound",
    "AudioFeatures",
    "Genre",
    "ImportRun",
    "Listen",
    "ListeningMonth",
    "MutedArtist",
    "Sound",
    "Source",
    "SourceLink",
    "TimeRange",
    "TopArtist",
    "TopTrack",
    "Track",
    "UploadPart",
]

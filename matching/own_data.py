"""What matching keeps of a person, to hand over."""

from collections.abc import Iterator

from accounts.models import User
from accounts.own_data import Part, Row
from ingest.models import Artist, Genre
from matching.engine import AUDIO_DIMENSIONS
from matching.loaders import opened
from matching.models import Taste


def parts_of(person: User) -> Iterator[Part]:
    """Return the taste as scores are computed from it."""
    yield Part(
        "taste.json",
        "Your taste as it is compared: artists and genres with their weights, the"
        " heaviest first, and the average sound. Scores are made of it when somebody"
        " looks, and not kept.",
        _taste(person),
    )


def _taste(person: User) -> Row:
    row = Taste.objects.filter(person=person).first()
    taste = opened(person.pk, row.blob) if row else None
    if row is None or taste is None:
        return {"is_compared": False}
    artists = Artist.objects.names(taste.artist_ids.tolist())
    genres = dict(
        Genre.objects.filter(pk__in=taste.genre_ids.tolist()).values_list("pk", "name")
    )
    return {
        "is_compared": row.is_visible,
        "computed_at": row.computed_at,
        "found_in_country": row.country,
        "has_spotify": row.has_spotify,
        "artists": [
            {"artist": artists[pk], "weight": weight}
            for pk, weight in zip(
                taste.artist_ids.tolist(), taste.artist_weights.tolist(), strict=True
            )
        ],
        "genres": [
            {"genre": genres.get(pk), "weight": weight}
            for pk, weight in zip(
                taste.genre_ids.tolist(), taste.genre_weights.tolist(), strict=True
            )
        ],
        "sound": _sound(taste.audio.tolist() if taste.audio is not None else []),
        "tempo_window": taste.tempo_window,
    }


def _sound(values: list[float]) -> Row | None:
    return dict(zip(AUDIO_DIMENSIONS, values, strict=True)) if values else None

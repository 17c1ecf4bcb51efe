"""The people of the demo community: invented, and the same on every machine.

Each person is drawn from a generator of their own, so the first N people are the same
however many are asked for.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

from musicmatch.demo.bios import invent_bio
from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.demo.names import choose_place, invent_handle, invent_name
from musicmatch.demo.scenes import (
    SCENES,
    every_pool,
    famous_pool,
    niche_genres,
    scene_pool,
)

TIME_RANGES: Final = ("short_term", "medium_term", "long_term")
MAINSTREAM: Final = "mainstream"
NICHE: Final = "niche"
_ITEMS_MAX: Final = 50
_FEW_MAX: Final = 6
_SHOWS_ARTISTS: Final = 0.85
_KINDS: Final = {"none": 3, "few": 5, NICHE: 4, MAINSTREAM: 15, "scenes": 73}
_DRIFT: Final = {"short_term": 1.0, "medium_term": 0.6, "long_term": 0.25}


@dataclass(frozen=True, slots=True)
class DemoListen:
    """One listen; ``minutes_ago`` counts back from whenever the community is made."""

    artist: str
    track: str
    minutes_ago: int


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One invented person and what they listen to.

    ``top_artists`` and ``top_tracks`` hold up to 50 items for each time range, best
    first, and are empty for a person with no source. ``picked`` are artists chosen by
    hand, which is a second source. ``country`` may be empty. ``shows_artists`` is
    whether others find the person by an artist.
    """

    handle: str
    display_name: str
    country: str
    bio: str
    time_zone: str
    scene: str
    top_artists: dict[str, tuple[str, ...]]
    top_tracks: dict[str, tuple[tuple[str, str], ...]]
    listens: tuple[DemoListen, ...]
    picked: tuple[str, ...]
    shows_artists: bool


@dataclass(frozen=True, slots=True)
class _Taste:
    """Where a taste comes from and how strongly each artist belongs to it."""

    scene: str
    pull: dict[CatalogueArtist, float]
    size: int


def demo_people(count: int, *, seed: int = 7) -> Iterator[DemoPerson]:
    """Yield ``count`` people; each list is a beginning of every longer one."""
    taken: set[str] = set()
    for number in range(count):
        # Nothing here is a secret: the point is that it can be repeated.
        rng = Random(f"{seed}:{number}")  # noqa: S311
        handle = _free_handle(rng, taken)
        taken.add(handle)
        yield _person(rng, handle)


def _free_handle(rng: Random, taken: set[str]) -> str:
    # A stream of its own: who else took a handle must not change the rest of a person.
    own = Random(rng.random())  # noqa: S311
    handle = invent_handle(own)
    while handle in taken:
        handle = invent_handle(own)
    return handle


def _person(rng: Random, handle: str) -> DemoPerson:
    place = choose_place(rng)
    home = place if rng.random() < 0.9 else choose_place(rng)
    taste = _taste(rng)
    artists, tracks = _tops(rng, taste)
    favourite = _favourite(rng, artists)
    return DemoPerson(
        handle=handle,
        display_name=invent_name(rng, place),
        country=home.country if rng.random() < 0.85 else "",
        bio=invent_bio(
            rng,
            artist=favourite.name if favourite else "",
            genre=favourite.genres[0] if favourite else "",
        ),
        time_zone=home.time_zone,
        scene=taste.scene,
        top_artists=artists,
        top_tracks=tracks,
        listens=_listens(rng, tracks),
        picked=_picked(rng, taste),
        shows_artists=rng.random() < _SHOWS_ARTISTS,
    )


def _taste(rng: Random) -> _Taste:
    kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
    if kind == "none":
        return _Taste("", {}, 0)
    if kind == NICHE:
        return _niche_taste(rng)
    if kind == MAINSTREAM:
        return _mainstream_taste(rng)
    if kind == "few":
        return _scene_taste(rng, rng.randint(2, _FEW_MAX))
    return _scene_taste(rng, min(_ITEMS_MAX, int(rng.triangular(18, 75, 50))))


def _scene_taste(rng: Random, size: int) -> _Taste:
    """Mix one to three scenes, the first strongest, and a few finds of their own."""
    keys = _scenes(rng)
    shares = (1.0, 0.45, 0.25)
    draws: Counter[CatalogueArtist] = Counter()
    for key, share in zip(keys, shares, strict=False):
        pool = scene_pool(key)
        many = int(size * 2.2 * share) + 1
        draws.update(rng.choices(pool.artists, cum_weights=pool.cumulative, k=many))
    if size > _FEW_MAX:
        draws.update(_finds(rng, rng.randint(2, 8)))
    else:
        draws = Counter(dict(draws.most_common(size)))
    return _Taste(keys[0], _pulls(rng, draws), size)


def _scenes(rng: Random) -> list[str]:
    """Return one to three scenes; the later ones are mostly neighbours of the first."""
    keys = list(SCENES)
    first = rng.choices(keys, [scene.share for scene in SCENES.values()])[0]
    chosen = [first]
    for _ in range(rng.choices((0, 1, 2), (25, 45, 30))[0]):
        near = rng.random() < 0.75
        key = rng.choice(SCENES[first].near if near else tuple(keys))
        if key not in chosen:
            chosen.append(key)
    return chosen


def _mainstream_taste(rng: Random) -> _Taste:
    pool = famous_pool()
    size = rng.randint(20, _ITEMS_MAX)
    draws = Counter(rng.choices(pool.artists, cum_weights=pool.cumulative, k=3 * size))
    draws.update(_finds(rng, rng.randint(0, 4)))
    return _Taste(MAINSTREAM, _pulls(rng, draws), size)


def _niche_taste(rng: Random) -> _Taste:
    """Take little known artists of two genres that need not go together."""
    genres = niche_genres()
    chosen = rng.sample(list(genres), 2)
    draws = Counter(artist for genre in chosen for artist in genres[genre])
    draws.update(
        artist for artist in _finds(rng, rng.randint(4, 14)) if artist.fame <= 2
    )
    return _Taste(NICHE, _pulls(rng, draws), 25)


def _finds(rng: Random, many: int) -> list[CatalogueArtist]:
    pool = every_pool()
    return rng.choices(pool.artists, cum_weights=pool.cumulative, k=many)


def _pulls(
    rng: Random, draws: Counter[CatalogueArtist]
) -> dict[CatalogueArtist, float]:
    return {artist: times**0.5 + rng.gauss(0, 0.5) for artist, times in draws.items()}


def _tops(
    rng: Random, taste: _Taste
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[tuple[str, str], ...]]]:
    """Return top artists and top tracks of each time range; empty without a source."""
    if not taste.pull:
        return {}, {}
    favourites = {
        artist: _track_order(rng, artist)
        for artist in sorted(taste.pull, key=lambda artist: artist.name)
    }
    artists: dict[str, tuple[str, ...]] = {}
    tracks: dict[str, tuple[tuple[str, str], ...]] = {}
    for time_range in TIME_RANGES:
        ranked = _ranked(rng, taste, time_range)
        artists[time_range] = tuple(artist.name for artist in ranked)
        tracks[time_range] = _top_tracks(rng, ranked, favourites)
    return artists, tracks


def _ranked(rng: Random, taste: _Taste, time_range: str) -> list[CatalogueArtist]:
    """Return the artists of one time range; the shorter the range, the more it drifts.

    The recent weeks also show fewer artists than the years do.
    """
    drift = _DRIFT[time_range]
    scores = {artist: pull + rng.gauss(0, drift) for artist, pull in taste.pull.items()}
    size = taste.size
    if time_range == "short_term":
        size = max(1, int(size * rng.uniform(0.4, 1.0)))
    ranked = sorted(scores, key=lambda artist: (-scores[artist], artist.name))
    return ranked[: min(size, _ITEMS_MAX)]


def _track_order(rng: Random, artist: CatalogueArtist) -> tuple[str, ...]:
    """Return the artist's tracks as this person likes them; known ones lead a bit."""
    places = {
        track: place + rng.gauss(0, 1.3) for place, track in enumerate(artist.tracks)
    }
    return tuple(sorted(places, key=lambda track: places[track]))


def _top_tracks(
    rng: Random,
    ranked: list[CatalogueArtist],
    favourites: dict[CatalogueArtist, tuple[str, ...]],
) -> tuple[tuple[str, str], ...]:
    scored: list[tuple[float, str, str]] = []
    for rank, artist in enumerate(ranked):
        many = 3 if rank < 6 else 2 if rank < 16 else 1
        for place, track in enumerate(favourites[artist][:many]):
            score = rank + 5 * place + rng.uniform(0, 8)
            scored.append((score, artist.name, track))
    return tuple((name, track) for _, name, track in sorted(scored)[:_ITEMS_MAX])


def _favourite(
    rng: Random, artists: dict[str, tuple[str, ...]]
) -> CatalogueArtist | None:
    """Return one of the person's best five artists for the bio to mention."""
    if not artists:
        return None
    return _by_name()[rng.choice(artists["long_term"][:5])]


@cache
def _by_name() -> dict[str, CatalogueArtist]:
    return {artist.name: artist for artist in load_catalogue()}


def _listens(
    rng: Random, tracks: dict[str, tuple[tuple[str, str], ...]]
) -> tuple[DemoListen, ...]:
    """Return recent listens in sittings of a few tracks; some people have none."""
    if not tracks or rng.random() < 0.1:
        return ()
    many = _ITEMS_MAX if rng.random() < 0.7 else rng.randint(1, 40)
    sources = (*tracks["short_term"], *tracks["short_term"], *tracks["medium_term"])
    pause = rng.choice((6, 12, 30, 90)) * 60
    minutes = int(rng.expovariate(1 / pause)) + 2
    listens = []
    sitting = rng.randint(2, 12)
    for _ in range(many):
        artist, track = rng.choice(sources)
        listens.append(DemoListen(artist, track, minutes))
        sitting -= 1
        minutes += rng.randint(3, 6)
        if sitting <= 0:
            minutes += int(rng.expovariate(1 / pause))
            sitting = rng.randint(2, 12)
    return tuple(listens)


def _picked(rng: Random, taste: _Taste) -> tuple[str, ...]:
    """Return artists picked by hand, partly new ones, for one person in eight."""
    if not taste.pull or rng.random() >= 0.125:
        return ()
    best = sorted(taste.pull, key=lambda artist: (-taste.pull[artist], artist.name))
    known = [artist.name for artist in best[: rng.randint(3, 12)]]
    new = [artist.name for artist in _finds(rng, rng.randint(1, 5))]
    return tuple(dict.fromkeys(known + new))

"""A community that never was, shaped like a real one, of any size.

Everyone mixes up to three scenes; a scene has its own artists, of which a few are heard
by nearly all of it and most by hardly anyone. The constants make 1,892 people look like
those of HetRec 2011 Last.fm-2K: how many artists two random people share (2.2, none in
43 % of pairs), how many the closest people do (16), the share of the best known artist
(.32), the twentieth (.15), the thousandth (.008), and how many artists have listeners
(17,600) and only one (10,700). Larger communities have more artists, about as many as
the 359,000 people of Last.fm-360K (294,000), and are as dense: what a board has to look
at grows with the people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from matching.bench.rows import distinct_first, pointers_of, spread_out, zipf
from matching.engine import AUDIO_DIMENSIONS, RankedList, Taste, merge_ranks
from matching.engine.arrays import Bytes8, Doubles, Floats, Ids, Whole
from matching.engine.ragged import runs

MOST_ARTISTS, MOST_GENRES, HEAVIEST = 150, 30, 250
_BLOCK, _GROUPS = 10_000, 10

SCENES = 390
_SCENE_EXPONENT, _SCENE_OFFSET = 1.4, 1.5
# How often a person has one, two or three scenes, and what each weighs then.
_SCENES_EACH = (0.58, 0.08, 0.34)
_SCENE_SHARES = np.array([[1.0, 0.0, 0.0], [0.65, 0.35, 0.0], [0.5, 0.3, 0.2]])
_STRAY_SHARE = 0.15
# Of a scene with 211 artists; where there are more, the places after the 30th spread
# out over them, and the best known ones stay as well known as they were.
_ARTIST_EXPONENT, _ARTIST_OFFSET = 1.06, 7.1
_SCENE_SIZE, _WELL_KNOWN = 211, 30
# Artists there are, heard or not: 8,500 · people^0.3.
_CATALOGUE, _CATALOGUE_EXPONENT = 8500.0, 0.3

USUAL_LENGTH = 50
_SHORTER, _LONGER = 0.18, 0.14

GENRES = 400
_GENRES_OF_SCENE, _MOST_OF_ARTIST = 6, 5
_WITH_GENRES, _SCENIC_GENRES = 0.6, 0.75
_WITH_AUDIO = 0.5
# One person in five is of the first, the rest are spread evenly.
COUNTRIES = ("GB", "GB", "DE", "FR", "BR", "US", "JP", "MX", "PL", "SE")
_AUDIO_MEAN = np.array([120.0, 0.6, 0.45, 0.55, 0.3, -9.0])
_AUDIO_SPREAD = np.array([9.0, 0.15, 0.12, 0.1, 0.2, 3.0])


_Ids = TypeVar("_Ids", int, Whole)


@dataclass(frozen=True, slots=True)
class Block:
    """Some people of a community, in columns.

    person_ids      int64[n], counted from 1
    pointers        person i has the artists pointers[i]:pointers[i + 1]
    artist_ids      best first
    genre_pointers  likewise for genres
    genre_ids       heaviest first
    genre_weights   1..250
    audio           float32[n, 6], NaN where unknown
    tempo           float32[n, 2], low and high BPM, NaN where unknown
    """

    person_ids: Whole
    pointers: Whole
    artist_ids: Ids
    genre_pointers: Whole
    genre_ids: Ids
    genre_weights: Bytes8
    audio: Floats
    tempo: Floats

    def __len__(self) -> int:
        return len(self.person_ids)

    def tastes(self) -> Iterator[tuple[int, Taste]]:
        heard = np.isfinite(self.tempo[:, 0])
        weights = rank_weights()
        for row, person_id in enumerate(self.person_ids.tolist()):
            artists = self.artist_ids[self.pointers[row] : self.pointers[row + 1]]
            genres = slice(self.genre_pointers[row], self.genre_pointers[row + 1])
            low, high = self.tempo[row].tolist()
            taste = Taste(
                artists,
                weights[: len(artists)],
                self.genre_ids[genres],
                self.genre_weights[genres],
                self.audio[row] if heard[row] else None,
                (low, high) if heard[row] else None,
            )
            yield person_id, taste


def rank_weights() -> Bytes8:
    """Whole-number weights of one list of 150 artists, as the engine makes them."""
    ranked = RankedList("community", "long_term", range(MOST_ARTISTS))
    return merge_ranks([ranked], genres_of={}).artist_weights


@dataclass(frozen=True)
class Synthetic:
    """A community of so many people; the same seed gives the same people."""

    people: int
    seed: int = 7

    @property
    def artists(self) -> int:
        """How many artists there are, ids 1..artists; some have no listener."""
        of_scene = round(_CATALOGUE * self.people**_CATALOGUE_EXPONENT / SCENES)
        return int(SCENES * max(_SCENE_SIZE, of_scene))

    @cached_property
    def genres(self) -> tuple[Whole, Ids]:
        """Genres of each artist by its id: pointers, and genre ids 1..400."""
        random = np.random.default_rng([self.seed, 0])
        size = (self.artists + 1, _MOST_OF_ARTIST)
        of_scene = random.integers(1, GENRES + 1, (SCENES, _GENRES_OF_SCENE))
        at = random.integers(0, _GENRES_OF_SCENE, size)
        scenic = of_scene[_scene_of(np.arange(size[0]))[:, None], at]
        strays = random.integers(1, GENRES + 1, size)
        drawn = np.where(random.random(size) < _SCENIC_GENRES, scenic, strays)
        wanted = random.integers(1, _MOST_OF_ARTIST + 1, size[0])
        wanted[random.random(size[0]) >= _WITH_GENRES] = 0
        # Ids start at 1: nobody is artist 0.
        wanted[0] = 0
        kept, lengths = distinct_first(drawn, wanted)
        return pointers_of(lengths), kept.astype(np.uint32)

    @cached_property
    def _sound(self) -> Doubles:
        """How each scene sounds: float64[scenes, 6]."""
        random = np.random.default_rng([self.seed, 1])
        size = SCENES, len(AUDIO_DIMENSIONS)
        return _AUDIO_MEAN + _AUDIO_SPREAD * random.standard_normal(size)

    def genres_of(self, artist_id: int) -> list[int]:
        starts, genres = self.genres
        found = genres[starts[artist_id] : starts[artist_id + 1]]
        return [int(genre) for genre in found]

    def sound_of(self, artist_id: int) -> list[float]:
        """How an artist sounds, in the order of AUDIO_DIMENSIONS: as its scene."""
        return [float(value) for value in self._sound[_scene_of(artist_id)]]

    def country_of(self, person_id: int) -> str:
        return COUNTRIES[person_id % len(COUNTRIES)]

    def tastes(self) -> Iterator[tuple[int, Taste]]:
        for block in self.blocks():
            yield from block.tastes()

    def blocks(self) -> Iterator[Block]:
        """Everyone, ten thousand at a time."""
        for number, start in enumerate(range(0, self.people, _BLOCK)):
            random = np.random.default_rng([self.seed, 2, number])
            stop = min(start + _BLOCK, self.people)
            yield self._block(random, np.arange(start + 1, stop + 1))

    def _block(self, random: np.random.Generator, person_ids: Whole) -> Block:
        people = len(person_ids)
        scenes = _scenes(random, (people, 3))
        shares = _SCENE_SHARES[random.choice(3, people, p=_SCENES_EACH)]
        artists, lengths = self._lists(random, scenes, shares)
        pointers = pointers_of(lengths)
        genres = self._genres(pointers, artists)
        audio, tempo = self._audio(random, scenes, shares)
        return Block(person_ids, pointers, artists, *genres, audio, tempo)

    def _lists(
        self, random: np.random.Generator, scenes: Whole, shares: Doubles
    ) -> tuple[Ids, Whole]:
        """Draw everyone's artists; return them, and how many each person has."""
        wanted = _list_lengths(random, len(scenes))
        order = np.argsort(wanted, kind="stable")
        parts, counts = [], np.empty_like(wanted)
        # By length: every row of a table is as wide as its longest list needs.
        for rows in np.array_split(order, _GROUPS):
            draws = 20 + 3 * int(wanted[rows].max(initial=0)) // 2
            drawn = self._draw(random, scenes[rows], shares[rows], draws)
            kept, counts[rows] = distinct_first(drawn, wanted[rows])
            parts.append(kept)
        starts = np.empty_like(counts)
        starts[order] = pointers_of(counts[order])[:-1]
        return np.concatenate(parts)[runs(starts, counts)].astype(np.uint32), counts

    def _draw(
        self, random: np.random.Generator, scenes: Whole, shares: Doubles, draws: int
    ) -> Whole:
        """Draw artists for each person: int64[people, draws]."""
        size = len(scenes), draws
        chance, ends = random.random(size), np.cumsum(shares, axis=1)
        slots = (chance >= ends[:, :1]).astype(np.int64) + (chance >= ends[:, 1:2])
        chosen = np.take_along_axis(scenes, slots, axis=1)
        strays = random.random(size) < _STRAY_SHARE
        chosen[strays] = _scenes(random, (int(strays.sum()), 1))[:, 0]
        places = zipf(
            random.random(size),
            count=_SCENE_SIZE,
            exponent=_ARTIST_EXPONENT,
            offset=_ARTIST_OFFSET,
        )
        spread = spread_out(
            places, after=_WELL_KNOWN, end=_SCENE_SIZE, to=self.artists // SCENES
        )
        return 1 + spread.astype(np.int64) * SCENES + chosen

    def _genres(self, pointers: Whole, artists: Ids) -> tuple[Whole, Ids, Bytes8]:
        """Spread each artist's weight evenly over its genres, as the engine does."""
        starts, genres = self.genres
        people, lengths = len(pointers) - 1, np.diff(pointers)
        ranks = 1 + np.arange(len(artists)) - np.repeat(pointers[:-1], lengths)
        counts = np.diff(starts)[artists]
        shares = np.round(1.0 / np.log2(1.0 + ranks), 12) / np.maximum(counts, 1)
        cells = np.repeat(np.repeat(np.arange(people), lengths), counts) * (GENRES + 1)
        cells += genres[runs(starts[artists], counts)]
        sums = np.bincount(cells, np.repeat(shares, counts), people * (GENRES + 1))
        table = sums.astype(np.float64, copy=False).reshape(people, GENRES + 1)
        return _heaviest(table)

    def _audio(
        self, random: np.random.Generator, scenes: Whole, shares: Doubles
    ) -> tuple[Floats, Floats]:
        """Mix how one's scenes sound; half of the people have no audio."""
        people = len(scenes)
        audio = np.einsum("ps,psd->pd", shares, self._sound[scenes])
        audio += 0.5 * _AUDIO_SPREAD * random.standard_normal(audio.shape)
        half = np.abs(random.normal(12.0, 4.0, people))
        tempo = audio[:, :1] + np.multiply.outer(half, [-1.0, 1.0])
        silent = random.random(people) >= _WITH_AUDIO
        audio[silent], tempo[silent] = np.nan, np.nan
        return audio.astype(np.float32), tempo.astype(np.float32)


def _scene_of(artist_ids: _Ids) -> _Ids:
    return (artist_ids - 1) % SCENES


def _scenes(random: np.random.Generator, size: tuple[int, int]) -> Whole:
    """Draw scenes, the largest most often."""
    share = (np.arange(SCENES) + _SCENE_OFFSET) ** -_SCENE_EXPONENT
    ends = np.cumsum(share) / share.sum()
    found = np.searchsorted(ends, random.random(size))
    return np.minimum(found, SCENES - 1)


def _list_lengths(random: np.random.Generator, people: int) -> Whole:
    """How many artists each person has: mostly 50, from 1 to 150."""
    lengths = np.full(people, USUAL_LENGTH)
    chance = random.random(people)
    shorter, longer = chance < _SHORTER, chance > 1.0 - _LONGER
    lengths[shorter] = random.integers(1, USUAL_LENGTH, int(shorter.sum()))
    lengths[longer] = random.integers(
        USUAL_LENGTH + 1, MOST_ARTISTS + 1, int(longer.sum())
    )
    return lengths


def _heaviest(sums: Doubles) -> tuple[Whole, Ids, Bytes8]:
    """Keep the thirty heaviest genres of each person; equal ones by id.

    sums is float64[people, genres + 1], by genre id.
    """
    # One number for weight and id: it sorts several times faster than two.
    fine = _twelve_decimals(sums)
    keys = np.where(fine > 0, -(fine << 9), 1) | np.arange(sums.shape[1])
    keys = np.sort(np.partition(keys, MOST_GENRES - 1, axis=1)[:, :MOST_GENRES], axis=1)
    kept = keys < 0
    weights = np.where(kept, -(keys >> 9), 1) / 1e12
    scaled = np.rint(weights * (HEAVIEST / weights[:, :1]))
    whole = np.clip(scaled, 1, HEAVIEST).astype(np.uint8)
    ids = (keys & 511).astype(np.uint32)
    return pointers_of(kept.sum(axis=1)), ids[kept], whole[kept]


def _twelve_decimals(sums: Doubles) -> Whole:
    """Round to the twelve decimals the engine keeps, in units of the twelfth."""
    scaled = sums * 1e12
    whole = np.rint(scaled)
    # Halves are common, and the product is not fine enough to tell their side.
    halves = np.abs(scaled - whole) > 0.49
    whole[halves] = [round(value, 12) * 1e12 for value in sums[halves].tolist()]
    return np.rint(whole).astype(np.int64)

import csv
import re
from collections import Counter

import pytest

from musicmatch.demo import catalogue
from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue

HEADER = (
    "name,genres,era,tempo,energy,valence,danceability,acousticness,"
    "instrumentalness,loudness,fame,tracks\n"
)


@pytest.fixture(scope="module")
def artists() -> tuple[CatalogueArtist, ...]:
    return load_catalogue()


def test_catalogue_is_large_and_wide(artists: tuple[CatalogueArtist, ...]) -> None:
    genres = Counter(genre for artist in artists for genre in artist.genres)
    assert len(artists) >= 640
    assert len(genres) >= 64
    assert all(times >= 4 for _, times in genres.most_common(60))


def test_names_are_unique_whatever_the_case(
    artists: tuple[CatalogueArtist, ...],
) -> None:
    names = Counter(artist.name.casefold() for artist in artists)
    assert [name for name, times in names.items() if times > 1] == []


def test_lists_are_filled_and_hold_nothing_twice(
    artists: tuple[CatalogueArtist, ...],
) -> None:
    for artist in artists:
        assert 1 <= len(set(artist.genres)) == len(artist.genres) <= 4, artist.name
        assert 3 <= len(set(artist.tracks)) == len(artist.tracks) <= 6, artist.name
        assert all(genre == genre.lower() for genre in artist.genres), artist.name
        texts = (artist.name, *artist.genres, *artist.tracks)
        assert all(text and text == text.strip() for text in texts), artist.name


def test_numbers_are_in_range(artists: tuple[CatalogueArtist, ...]) -> None:
    for artist in artists:
        shares = (
            artist.energy,
            artist.valence,
            artist.danceability,
            artist.acousticness,
            artist.instrumentalness,
        )
        assert all(0 <= share <= 1 for share in shares), artist.name
        assert 60 <= artist.tempo <= 200, artist.name
        assert -35 <= artist.loudness < 0, artist.name
        assert 1 <= artist.fame <= 5, artist.name
        assert artist.era % 10 == 0, artist.name


def test_every_fame_and_many_scripts_are_there(
    artists: tuple[CatalogueArtist, ...],
) -> None:
    names = "".join(artist.name for artist in artists)
    scripts = ("[Α-ω]", "[А-я]", "[ء-ي]", "[一-龠]", "[ぁ-ん]", "[가-힣]", "[अ-ह]")
    assert {artist.fame for artist in artists} == {1, 2, 3, 4, 5}
    assert [script for script in scripts if not re.search(script, names)] == []


def test_ids_look_like_ids_and_differ(artists: tuple[CatalogueArtist, ...]) -> None:
    ids = {artist.spotify_id for artist in artists}
    assert len(ids) == len(artists)
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", made) for made in ids)


def test_a_line_is_read_as_written(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("catalogue")
    line = '"One, Two",folk|drone,1970,96.5,5,10,20,30,40,-12.5,2,A|B|C\n'
    (folder / "some.csv").write_text(HEADER + line, encoding="utf-8")
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    assert load_catalogue.__wrapped__() == (
        CatalogueArtist(
            name="One, Two",
            genres=("folk", "drone"),
            era=1970,
            tempo=96.5,
            energy=0.05,
            valence=0.1,
            danceability=0.2,
            acousticness=0.3,
            instrumentalness=0.4,
            loudness=-12.5,
            fame=2,
            tracks=("A", "B", "C"),
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("A,folk,then,96,5,10,20,30,40,-12,2,A|B|C\n", id="not a number"),
        pytest.param("A,folk,1970,96,5,10,20,30,40,-12,2,A,B,C\n", id="too many"),
        pytest.param("A,folk,1970,96,5,10,20,30,40,-12,2\n", id="too few"),
        pytest.param('"A,folk,1970,96,5\n', id="open quote"),
    ],
)
def test_a_broken_line_is_refused(
    line: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "some.csv").write_text(HEADER + line, encoding="utf-8")
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    with pytest.raises((ValueError, csv.Error)):
        load_catalogue.__wrapped__()

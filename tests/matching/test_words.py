"""Sentences about two people's taste."""

from decimal import Decimal

import pytest

from matching import words
from matching.engine import Parts

COMMON = [
    ((0, 0, [], []), "No artist in common, but yours and theirs lie close together."),
    ((1, 0, [], ["Sade"]), "1 artist in common: Sade."),
    ((1, 1, ["Low"], ["Low"]), "1 artist in common, and it is rare here: Low."),
    ((2, 0, [], ["Can", "Low"]), "2 artists in common: Can and Low."),
    (
        (2, 2, ["Can", "Low"], ["Can", "Low"]),
        "2 artists in common, both rare here: Can, Low.",
    ),
    ((3, 0, [], ["A", "B", "C"]), "3 artists in common: A, B and C."),
    (
        (3, 3, ["A", "B", "C"], ["A", "B", "C"]),
        "3 artists in common, all of them rare here: A, B, C.",
    ),
    (
        (14, 3, ["Grouper", "Sade", "Burial"], ["Sade", "Can", "Low"]),
        "14 artists in common, three of them rare here: Grouper, Sade, Burial.",
    ),
    ((9, 1, ["A"], ["A", "B", "C"]), "9 artists in common, one of them rare here: A."),
    (
        (40, 12, ["A", "B", "C"], ["A", "B", "C"]),
        "40 artists in common, 12 of them rare here: A, B, C and others.",
    ),
    ((9, 0, [], ["A", "B", "C"]), "9 artists in common, above all A, B and C."),
]


@pytest.mark.parametrize(("given", "said"), COMMON)
def test_what_two_people_share(
    given: tuple[int, int, list[str], list[str]], said: str
) -> None:
    assert words.common_ground(*given) == said


@pytest.mark.parametrize(
    ("below", "people", "said"),
    [
        (97, 100, "closer than 97 % of people here"),
        (1999, 2000, "closer than 99 % of people here"),
        (29, 100, "closer than 29 % of people here"),
        (1, 100, "closer than 1 % of people here"),
        (1, 200, ""),
        (0, 3, ""),
        (0, 0, ""),
    ],
)
def test_a_percentile_is_never_more_than_true(
    below: int, people: int, said: str
) -> None:
    assert words.percentile(below, people) == said


@pytest.mark.parametrize(
    ("listeners", "people", "rare"),
    [(2, 5, True), (3, 5, False), (20, 1000, True), (21, 1000, False)],
)
def test_rare_is_two_in_a_hundred(listeners: int, people: int, rare: bool) -> None:
    assert words.is_rare(listeners, people) is rare


def test_how_many_have_an_artist() -> None:
    assert words.rarity(2) == "only you two here"
    assert words.rarity(31) == "31 people here"


def test_a_verdict_grows_with_the_score() -> None:
    said = [words.verdict(score) for score in (0, 0.1, 15, 33, 45, 60, 96)]
    assert len(set(said)) == 6
    assert said[-1] == said[-2] == "You two listen very much alike."


@pytest.mark.parametrize(
    ("score", "printed"), [("0.3", "0.3"), ("1.0", "1"), ("61.3", "61"), ("44.5", "44")]
)
def test_a_list_prints_whole_numbers_unless_that_is_none(
    score: str, printed: str
) -> None:
    assert words.short_score(Decimal(score)) == printed


def test_a_bar_is_as_long_as_its_points_and_skips_what_takes_away() -> None:
    points = ("41.6", "-1.2", "8.6", "2.7")
    bar = words.bar(Parts(*(Decimal(value) for value in points)))
    assert [part["width"] for part in bar] == [41.6, 0.0, 8.6, 2.7]
    assert [part["x"] for part in bar] == [0.0, 41.6, 41.6, 50.2]
    assert [str(part["points"]) for part in bar] == list(points)

"""What social learns of two people's taste, and what stays between them."""

from collections.abc import Mapping
from typing import Any

import pytest

from accounts.models import Audience, User
from accounts.services import matching_pause
from accounts.signals import visibility_changed
from ingest.models import Source
from ingest.services import Listening, listening_replace
from ingest.sources.base import ArtistItem, TrackItem
from matching.services import index_rebuild
from social import affinity
from social.affinity import Card, Why, cards_between, why_of
from tests.conftest import NOW
from tests.factories import make_person, make_taste
from tests.social.asking import ask


def names(cards: list[Card]) -> list[str]:
    return [card.name for card in cards]


def keep_artists(person: User, audience: Audience) -> None:
    User.objects.filter(pk=person.pk).update(artists_audience=audience)
    person.refresh_from_db()


def connect(a: User, b: User) -> None:
    ask(a, b)
    ask(b, a)


def test_shared_artists_are_the_first_cards(community: list[User]) -> None:
    ada, ben, cyd, _ = community
    cards = cards_between(ada, ben)
    assert set(cards) == {
        Card("artist", name) for name in ("Grouper", "Portishead", "Sade")
    }
    assert set(cards_between(ben, ada)) == set(cards)
    assert cards_between(ada, cyd) == [Card("artist", "Sade")]


def test_tracks_by_shared_artists_are_cards(community: list[User]) -> None:
    ada, ben, *_ = community
    tracks = {"long_term": (TrackItem("Roads", artist=ArtistItem("Portishead")),)}
    artists = {"long_term": (ArtistItem("Portishead"), ArtistItem("Low"))}
    listening_replace(
        person_id=ben.pk,
        source=Source.COMMUNITY,
        listening=Listening(artists=artists, tracks=tracks),
        now=NOW,
    )
    assert cards_between(ada, ben) == [
        Card("artist", "Portishead"),
        Card("track", "Roads", "Portishead"),
    ]


def test_what_one_could_give_the_other_is_not_shared(ada: User, ben: User) -> None:
    make_taste(ada, ["Grouper", "Low"], genres=["ambient"])
    make_taste(ben, ["Grouper", "Coil"], genres=["ambient"])
    index_rebuild(now=NOW)
    cards = {card.name: card.is_shared for card in cards_between(ada, ben)}
    assert cards == {"Grouper": True, "Coil": False, "Low": False}


def test_why_is_what_the_board_says(community: list[User], as_ada: Any) -> None:
    ada, ben, cyd, dee = community
    found = why_of(ada, [ben.pk, cyd.pk, dee.pk])
    assert found.keys() == {ben.pk, cyd.pk, dee.pk}
    why = found[ben.pk]
    assert why.sentence.startswith("3 artists in common")
    assert set(why.artists) <= {"Grouper", "Portishead", "Sade"}
    assert why.url == "/matches/ben_near/"
    board = as_ada.get("/matches/").content.decode()
    for one in found.values():
        assert one.sentence in board
        assert f">{one.score_text}<" in board


@pytest.mark.parametrize("keeper", [0, 1])
def test_artists_kept_private_are_named_nowhere(
    community: list[User], keeper: int
) -> None:
    ada, ben, *_ = community
    keep_artists(community[keeper], Audience.CONNECTIONS)
    assert cards_between(ada, ben) == []
    why = why_of(ada, [ben.pk])[ben.pk]
    assert (why.sentence, why.artists) == (
        "Which artists you share stays private.",
        (),
    )
    connect(ada, ben)
    assert names(cards_between(ada, ben))
    assert why_of(ada, [ben.pk])[ben.pk].artists
    keep_artists(community[keeper], Audience.ONLY_ME)
    assert cards_between(ada, ben) == []
    assert why_of(ada, [ben.pk])[ben.pk].artists == ()


def test_hidden_people_and_their_connections_know_why(community: list[User]) -> None:
    ada, ben, *_ = community
    connect(ada, ben)
    User.objects.filter(pk=ben.pk).update(is_hidden=True)
    visibility_changed.send(sender=User, person_id=ben.pk, now=NOW)
    assert names(cards_between(ada, ben))
    assert ben.pk in why_of(ada, [ben.pk])
    ben.refresh_from_db()
    assert ada.pk in why_of(ben, [ada.pk])


def test_nothing_is_said_where_nothing_is_known(
    ada: User, ben: User, cyd: User
) -> None:
    assert cards_between(ada, ben) == []
    assert why_of(ada, [ben.pk]) == {}
    make_taste(ada, ["Low"])
    make_taste(ben, ["Coil"])
    index_rebuild(now=NOW)
    assert cards_between(ada, ben) == []
    assert why_of(ada, [ben.pk, cyd.pk]) == {}
    assert why_of(ada, []) == {}
    assert why_of(cyd, [ada.pk]) == {}


def test_who_left_matching_has_no_why(community: list[User]) -> None:
    ada, ben, cyd, _ = community
    matching_pause(person=ben, now=NOW)
    assert cards_between(ada, ben) == []
    assert why_of(ada, [ben.pk, cyd.pk]).keys() == {cyd.pk}


def test_why_costs_the_same_for_one_and_for_many(
    community: list[User], django_assert_num_queries: Any
) -> None:
    ada, ben, *_ = community
    many = [make_person(f"extra_{number}") for number in range(20)]
    for person in many:
        make_taste(person, ["Sade", "Burial"])
    index_rebuild(now=NOW)
    why_of(ada, [ben.pk])
    for ids in ([ben.pk], [person.pk for person in many]):
        with django_assert_num_queries(6):
            assert len(why_of(ada, ids)) == len(ids)


def test_whoever_provides_answers(
    monkeypatch: pytest.MonkeyPatch, ada: User, ben: User
) -> None:
    class Known:
        def cards_between(
            self, viewer: User, person: User, connected: bool
        ) -> list[Card]:
            return [Card("artist", "Low")]

        def why_of_people(
            self, viewer: User, people: Mapping[User, bool]
        ) -> dict[int, Why]:
            return {one.pk: Why("61", "Close.", ("Low",), "/") for one in people}

    monkeypatch.setattr(affinity, "_provider", None)
    assert cards_between(ada, ben) == []
    assert why_of(ada, [ben.pk]) == {}
    affinity.provide(Known())
    assert names(cards_between(ada, ben)) == ["Low"]
    assert why_of(ada, [ben.pk])[ben.pk].score_text == "61"

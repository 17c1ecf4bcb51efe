"""Who else loves an artist: people who show theirs, and nobody else."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import artists_show, matching_pause
from ingest.models import Artist, Source, TopArtist
from ingest.services.artists import artist_merge, artist_split
from matching import engine, lovers, reader
from matching.models import Taste
from matching.reader import current_view
from matching.services import index_rebuild, refreshes_gathered, taste_refresh
from social.services import block_create
from tests.factories import make_person, make_taste, make_user
from tests.matching.conftest import SignIn
from tests.matching.marks import marks, receipt_rows, words_of


@pytest.fixture
def shown(community: list[User]) -> list[User]:
    """Ada, Ben, Cyd and Dee, of whom all but Cyd show their artists."""
    for person in community:
        if person.handle != "cyd_stranger":
            artists_show(person=person)
    return community


def address(name: str) -> str:
    return f"/artists/{Artist.objects.get(name=name).pk}/"


def rows(client: Client, name: str, query: str = "") -> list[dict[str, str]]:
    response = client.get(address(name) + query)
    assert response.status_code == 200
    return marks(response, "data-person")


def who(client: Client, name: str) -> list[str]:
    return [row["data-person"] for row in rows(client, name)]


def found(client: Client, q: str) -> list[str]:
    response = client.get(f"/artists/?{urlencode({'q': q})}")
    assert response.status_code == 200
    return [artist.name for artist in response.context["search"].found]


def plain(response: Any, *names: str) -> str:
    """The page without what differs between any two artists or searches."""
    page = words_of(response)
    for name in names:
        page = page.replace(name, "…")
    return page


# --- The list -------------------------------------------------------------


def test_those_who_show_it_are_listed_the_closest_first(
    shown: list[User], sign_in: SignIn
) -> None:
    ada, ben, _, dee = shown
    client = sign_in(ada)
    listed = rows(client, "Portishead")
    by_s = engine.summaries(current_view(), ada.pk, [ben.pk, dee.pk])
    ordered = sorted(by_s, key=lambda summary: -summary.similarity)
    handles = {ben.pk: "ben_near", dee.pk: "dee_blocked"}
    assert [row["data-person"] for row in listed] == [
        handles[summary.person_id] for summary in ordered
    ]
    for row, summary in zip(listed, ordered, strict=True):
        assert row["data-score"] == str(summary.score)
        assert row["data-shared-artists"] == str(len(summary.shared_artist_ids))


def test_it_says_what_place_the_artist_has(shown: list[User], sign_in: SignIn) -> None:
    response = sign_in(shown[0]).get(address("Portishead"))
    page = words_of(response)
    assert "Who else loves Portishead" in page
    assert (
        "2 people here show it among their artists, the closest to you first." in page
    )
    assert "First of your 5 artists." in page
    assert "Second of their 4 artists." in page
    assert b'href="/matches/ben_near/"' in response.content


@pytest.mark.parametrize(
    ("place", "of", "says"),
    [
        (1, 1, "Their only artist"),
        (10, 12, "Tenth of their 12 artists"),
        (11, 12, "Number 11 of their 12 artists"),
    ],
)
def test_places_in_words(place: int, of: int, says: str) -> None:
    assert lovers._place(place, of, "their") == says


def pause(ada: User, ben: User, now: datetime) -> None:
    matching_pause(person=ben, now=now)


def suspend(ada: User, ben: User, now: datetime) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)


def take_back(ada: User, ben: User, now: datetime) -> None:
    User.objects.filter(pk=ben.pk).update(shows_artists=False)


def not_joined(ada: User, ben: User, now: datetime) -> None:
    User.objects.filter(pk=ben.pk).update(joined_at=None)


def blocks(ada: User, ben: User, now: datetime) -> None:
    block_create(blocker=ada, blocked=ben, now=now)


def is_blocked(ada: User, ben: User, now: datetime) -> None:
    block_create(blocker=ben, blocked=ada, now=now)


def leave(ada: User, ben: User, now: datetime) -> None:
    ben.delete()


HIDING = [pause, suspend, take_back, not_joined, blocks, is_blocked, leave]


@pytest.mark.parametrize("hide", HIDING)
def test_who_is_hidden_is_in_no_list_and_no_count(
    shown: list[User],
    sign_in: SignIn,
    now: datetime,
    hide: Callable[[User, User, datetime], None],
) -> None:
    ada, ben, *_ = shown
    client = sign_in(ada)
    assert set(who(client, "Portishead")) == {"ben_near", "dee_blocked"}
    assert who(client, "Neu!") == ["ben_near"]
    hide(ada, ben, now)
    response = client.get(address("Portishead"))
    assert who(client, "Portishead") == ["dee_blocked"]
    assert "1 person here shows it among their artists." in words_of(response)
    assert b"ben_near" not in response.content
    assert found(client, "neu") == []
    assert "One other person here has said yes" in words_of(client.get("/artists/"))


@pytest.mark.parametrize("hide", HIDING)
def test_an_artist_of_hidden_people_looks_like_one_nobody_has(
    shown: list[User],
    sign_in: SignIn,
    now: datetime,
    hide: Callable[[User, User, datetime], None],
) -> None:
    ada, ben, *_ = shown
    client = sign_in(ada)
    Artist.objects.create(name="Nobody’s", name_key="nobody’s")
    hide(ada, ben, now)
    of_hidden, of_nobody = client.get(address("Neu!")), client.get(address("Nobody’s"))
    assert of_hidden.status_code == of_nobody.status_code == 200
    assert plain(of_hidden, "Neu!") == plain(of_nobody, "Nobody’s")
    assert "Nobody else shows it yet" in words_of(of_hidden)
    searched = [client.get(f"/artists/?q={q}") for q in ("neu!", "nobody’s", "unheard")]
    assert len({plain(page, "neu!", "nobody’s", "unheard") for page in searched}) == 1


def test_others_still_see_who_is_blocked_by_one(
    shown: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada, ben, cyd, _ = shown
    block_create(blocker=ada, blocked=ben, now=now)
    assert who(sign_in(cyd), "Neu!") == ["ben_near"]
    assert who(sign_in(ben), "Burial") == ["dee_blocked"]


def test_oneself_is_never_listed_and_always_finds_the_own(
    shown: list[User], sign_in: SignIn
) -> None:
    cyd = sign_in(shown[2])
    assert who(cyd, "Autechre") == []
    page = words_of(cyd.get(address("Autechre")))
    assert "Second of your 3 artists." in page
    assert "2 people" not in page
    assert found(cyd, "autechre") == ["Autechre"]
    assert found(sign_in(shown[0]), "autechre") == []


def test_who_shows_nothing_sees_those_who_do(
    shown: list[User], sign_in: SignIn
) -> None:
    assert set(who(sign_in(shown[2]), "Sade")) == {"ada_owner", "ben_near"}


def test_without_a_taste_they_stand_by_place_and_without_a_score(
    shown: list[User], sign_in: SignIn
) -> None:
    client = sign_in(make_person("eve_new"))
    listed = rows(client, "Burial")
    assert [row["data-person"] for row in listed] == ["dee_blocked", "ada_owner"]
    assert not [row for row in listed if "data-score" in row]
    response = client.get(address("Burial"))
    assert b'href="/people/dee_blocked/"' in response.content
    assert b"/matches/dee_blocked/" not in response.content
    assert "the closest to you first" not in words_of(response)


def test_who_has_nothing_in_common_comes_last_without_a_score(
    shown: list[User], sign_in: SignIn
) -> None:
    far = make_person("far_away")
    make_taste(far, ["Merzbow", "Low"])
    artists_show(person=far)
    [dee, last] = rows(sign_in(shown[0]), "Low")
    assert (dee["data-person"], last["data-person"]) == ("dee_blocked", "far_away")
    assert "data-score" in dee
    assert "data-score" not in last


def test_an_artist_beyond_the_taste_does_not_count(
    shown: list[User], sign_in: SignIn
) -> None:
    """Only what the engine compares: at most 150 artists of each person."""
    many = [f"Many {number}" for number in range(150)]
    make_taste(shown[1], [*many, "Beyond"])
    client = sign_in(shown[0])
    assert who(client, "Many 149") == ["ben_near"]
    assert who(client, "Beyond") == []
    assert "Nobody else shows it yet" in words_of(client.get(address("Beyond")))


def test_several_lists_of_one_person_are_one_row(
    shown: list[User], sign_in: SignIn
) -> None:
    make_taste(shown[1], ["Can", "Grouper"], source=Source.MANUAL)
    make_taste(shown[1], ["Grouper"], time_range="short_term", source=Source.DEMO)
    client = sign_in(shown[0])
    assert who(client, "Grouper") == ["ben_near"]
    assert "1 person here shows it" in words_of(client.get(address("Grouper")))


def test_a_change_is_there_at_the_next_look(shown: list[User], sign_in: SignIn) -> None:
    client = sign_in(shown[0])
    make_taste(shown[1], ["Low"])
    assert who(client, "Portishead") == ["dee_blocked"]
    assert set(who(client, "Low")) == {"ben_near", "dee_blocked"}


# --- Many people ----------------------------------------------------------


@pytest.fixture
def many(db: None, now: datetime) -> User:
    """A viewer among forty-five people who show one artist at different places."""
    viewer = make_person("viewer")
    with refreshes_gathered(now=now):
        make_taste(viewer, ["Portishead", "Can"])
        for number in range(45):
            person = make_person(f"person_{number:02}")
            before = [f"Own {number} {n}" for n in range(number % 9)]
            make_taste(person, [*before, "Portishead", "Can"])
            artists_show(person=person)
    index_rebuild(now=now)
    return viewer


def test_pages_hold_everyone_once_in_the_order_of_scores(
    many: User, sign_in: SignIn
) -> None:
    client = sign_in(many)
    pages = [rows(client, "Portishead", f"?page={page}") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [20, 20, 5]
    listed = [row for page in pages for row in page]
    assert len({row["data-person"] for row in listed}) == 45
    scores = [float(row["data-score"]) for row in listed]
    assert scores == sorted(scores, reverse=True)
    for wrong in ("?page=99", "?page=-1", "?page=two"):
        assert client.get(address("Portishead") + wrong).status_code == 200


def test_of_very_many_the_highest_are_compared_and_all_are_counted(
    many: User, sign_in: SignIn, monkeypatch: Any
) -> None:
    monkeypatch.setattr(lovers, "MOST_SHOWN", 10)
    response = sign_in(many).get(address("Portishead"))
    page = words_of(response)
    assert "45 people here show it among their artists" in page
    assert "These are the 10 who have it highest." in page
    listed = [row["data-person"] for row in marks(response, "data-person")]
    ranks = TopArtist.objects.filter(artist__name="Portishead")
    highest = dict(ranks.values_list("person__handle", "rank"))
    del highest["viewer"]
    worst = max(highest[handle] for handle in listed)
    assert len(listed) == 10
    assert sorted(highest.values())[9] == worst


def test_the_pages_ask_little_however_many_there_are(
    many: User, shown: list[User], sign_in: SignIn, django_assert_num_queries: Any
) -> None:
    client = sign_in(many)
    few, lot = address("Neu!"), address("Portishead")
    client.get(lot)
    for path in (few, lot):
        # Session, person, artist, changes, who has it, connections, their rows, news.
        with django_assert_num_queries(8):
            client.get(path)
    # Session, person, merged artists, two searches, names with genres, news.
    for q, queries in (("por", 7), ("own", 6)):
        with django_assert_num_queries(queries):
            assert client.get(f"/artists/?q={q}").context["search"].found


def test_the_list_is_read_from_the_index_alone(many: User) -> None:
    """The rows are spread over the whole table: the index must be enough."""
    people = lovers.showing_to(many)
    artist = Artist.objects.get(name="Portishead")
    highest = TopArtist.objects.filter(artist=artist, person__in=people).highest_first()
    assert [of for _, of in highest[:3]] == [45, 45, 45]
    if connection.vendor == "sqlite":
        plan = highest.explain()
        assert "COVERING INDEX topartist_people (artist_id=?" in plan


# --- The search -----------------------------------------------------------


def test_a_part_of_the_name_finds_it(shown: list[User], sign_in: SignIn) -> None:
    make_taste(
        shown[1], ["Sigur Rós", "The Necks", "Rosa Mota", "Ró"], genres=["ambient"]
    )
    client = sign_in(shown[0])
    assert found(client, "SIGUR ros") == ["Sigur Rós"]
    assert found(client, " necks ") == ["The Necks"]
    assert found(client, "ros") == ["Rosa Mota", "Sigur Rós"]
    assert found(client, "ro") == ["Ró", "Rosa Mota"]
    assert found(client, "%") == []
    page = client.get("/artists/?q=ros")
    assert f'href="{address("Sigur Rós")}"' in page.content.decode()
    assert "ambient" in words_of(page)


def test_at_most_thirty_are_found(shown: list[User], sign_in: SignIn) -> None:
    make_taste(shown[1], [f"Long {n:02}" for n in range(20)])
    make_taste(
        shown[3], [f"So Long {n:02}" for n in range(20)], source=Source.COMMUNITY
    )
    names = found(sign_in(shown[0]), "long")
    assert len(names) == lovers.MOST_FOUND
    assert names[0] == "Long 00"
    assert names[20:] == [f"So Long {n:02}" for n in range(10)]


@pytest.mark.parametrize("q", ["", "   ", "\x00", "\u200b", "\x00\x01\u202e"])
def test_an_empty_search_begins_with_ones_own(
    shown: list[User], sign_in: SignIn, q: str
) -> None:
    response = sign_in(shown[0]).get("/artists/", {"q": q})
    assert response.status_code == 200
    page = words_of(response)
    assert "Begin with your own" in page
    assert "2 other people here have said yes" in page
    assert "You are found by yours" in page
    assert "Nobody shows" not in page
    own = [artist.name for artist in response.context["search"].own]
    assert own == ["Portishead", "Grouper", "Sade", "Burial", "Can"]


@pytest.mark.parametrize(
    "q", ["x" * 100, "a\x00b" * 20, "'; DROP TABLE", "%%%", "\\", "名前", "🎵", "_"]
)
def test_nonsense_finds_nothing_and_says_how_it_works(
    shown: list[User], sign_in: SignIn, q: str
) -> None:
    response = sign_in(shown[2]).get("/artists/", {"q": q})
    assert response.status_code == 200
    page = words_of(response)
    assert "Nobody shows an artist of that name" in page
    assert "3 other people here have said yes" in page
    assert "You are not found by yours" in page


def test_ten_thousand_characters_are_refused_in_words(
    shown: list[User], sign_in: SignIn
) -> None:
    response = sign_in(shown[0]).get("/artists/", {"q": "x" * 10_000})
    assert response.status_code == 200
    assert "at most 100 characters" in words_of(response)
    assert [m for m in marks(response, "role") if m["role"] == "alert"]


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 30, "9" * 5000, "-1", "x"])
def test_an_unknown_artist_is_a_404(
    shown: list[User], sign_in: SignIn, pk: str
) -> None:
    response = sign_in(shown[0]).get(f"/artists/{pk}/")
    assert response.status_code == 404
    assert b"Nothing here" in response.content


# --- Who may look ---------------------------------------------------------


@pytest.mark.parametrize("path", ["/artists/", "/artists/1/"])
def test_a_session_and_a_yes_are_needed(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    client.force_login(make_user())
    assert client.get(path)["Location"] == "/welcome/"
    assert client.post(path).status_code == 405


def test_who_is_paused_is_told(
    shown: list[User], sign_in: SignIn, now: datetime
) -> None:
    matching_pause(person=shown[0], now=now)
    response = sign_in(shown[0]).get(address("Portishead"))
    assert "You are paused" in words_of(response)
    assert not marks(response, "data-person")
    search = sign_in(shown[0]).get("/artists/")
    assert "nobody finds you, and you find nobody" in words_of(search)


def test_before_the_index_it_asks_for_patience(
    ada: User, sign_in: SignIn, monkeypatch: Any
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("matching.views.ask_for_index", lambda: asked.append(True))
    make_taste(ada, ["Portishead"])
    client = sign_in(ada)
    assert "Everyone is being compared" in words_of(client.get(address("Portishead")))
    assert asked == [True]
    assert client.get("/artists/").status_code == 200


def test_a_person_the_index_does_not_know_is_left_out(
    shown: list[User], sign_in: SignIn, now: datetime
) -> None:
    """Their lists are there, and what the engine keeps of them cannot be read."""
    Taste.objects.filter(person=shown[1]).update(blob=b"broken")
    index_rebuild(now=now)
    reader.forget()
    client = sign_in(shown[0])
    assert who(client, "Portishead") == ["dee_blocked"]
    taste_refresh(person_id=shown[1].pk, now=now)
    assert set(who(client, "Portishead")) == {"ben_near", "dee_blocked"}


# --- One artist under several names ---------------------------------------


@pytest.fixture
def merged(shown: list[User], now: datetime) -> list[User]:
    """Ada has Kanye West, Ben and Dee have Ye, which Kanye West stands for."""
    ada, ben, _, dee = shown
    make_taste(ada, ["Kanye West", "Can"])
    make_taste(ben, ["Can", "Ye"])
    make_taste(dee, ["Low", "Can", "Ye"])
    kanye, ye = (Artist.objects.get(name=name) for name in ("Kanye West", "Ye"))
    artist_merge(keep_id=kanye.pk, other_ids=[ye.pk], by=make_user(), now=now)
    index_rebuild(now=now)
    return shown


def test_who_has_it_under_any_name_is_listed_with_the_place_it_has(
    merged: list[User], sign_in: SignIn
) -> None:
    client = sign_in(merged[0])
    assert set(who(client, "Kanye West")) == {"ben_near", "dee_blocked"}
    page = words_of(client.get(address("Kanye West")))
    assert "2 people here show it among their artists" in page
    assert "First of your 2 artists." in page
    assert "Third of their 3 artists." in page


def test_the_page_of_a_merged_artist_leads_to_the_one_that_stands_for_it(
    merged: list[User], sign_in: SignIn, now: datetime
) -> None:
    client = sign_in(merged[0])
    response = client.get(address("Ye"))
    assert response.status_code == 301
    assert response["Location"] == address("Kanye West")
    # Nobody's browser keeps it: it may be split off again.
    assert "no-store" in response["Cache-Control"]
    ye = Artist.objects.get(name="Ye")
    artist_split(artist_id=ye.pk, by=make_user(), now=now)
    assert set(who(client, "Ye")) == {"ben_near", "dee_blocked"}
    assert who(client, "Kanye West") == []


def test_every_name_finds_the_one_that_stands_for_it(
    merged: list[User], sign_in: SignIn, now: datetime
) -> None:
    client = sign_in(merged[2])
    for q in ("ye", "kanye", "west"):
        assert found(client, q) == ["Kanye West"]
    make_taste(merged[0], ["Can"])
    assert found(client, "kanye") == ["Kanye West"]
    for person in (merged[1], merged[3]):
        matching_pause(person=person, now=now)
    for q in ("ye", "kanye", "west"):
        assert found(client, q) == []
    assert who(client, "Kanye West") == []


def test_the_list_of_several_names_is_read_from_the_index_alone(
    merged: list[User], django_assert_num_queries: Any, sign_in: SignIn
) -> None:
    people = lovers.showing_to(merged[2])
    kanye = Artist.objects.get(name="Kanye West")
    _, ids = lovers.artist_rows(kanye.pk)
    rows = TopArtist.objects.filter(artist__in=ids, person__in=people)
    assert [of for _, of in rows.highest_first()] == [3, 3, 3]
    if connection.vendor == "sqlite":
        plan = rows.highest_first().explain()
        assert "COVERING INDEX topartist_people (artist_id=?" in plan
    client = sign_in(merged[2])
    path = address("Kanye West")
    client.get(path)
    with django_assert_num_queries(8):
        client.get(path)
    # Session, person, merged artists and who has them, search, names, news.
    with django_assert_num_queries(7):
        assert found(client, "ye") == ["Kanye West"]


def test_ones_taste_keeps_what_the_source_said(
    merged: list[User], sign_in: SignIn
) -> None:
    page = sign_in(merged[1]).get("/taste/").content.decode()
    assert f'<a href="{address("Ye")}">Ye</a>' in page
    assert "Kanye West" not in page


# --- The ways to it -------------------------------------------------------


def test_ones_taste_the_board_and_the_receipt_lead_to_it(
    shown: list[User], sign_in: SignIn
) -> None:
    client = sign_in(shown[0])
    link = f'href="{address("Grouper")}"'.encode()
    assert link in client.get("/taste/").content
    receipt = client.get("/matches/ben_near/")
    assert link in receipt.content
    assert {row["data-part"] for row in receipt_rows(receipt)} >= {"artist"}
    for path in ("/taste/", "/matches/"):
        assert b'href="/artists/"' in client.get(path).content
    newcomer = make_user()
    make_taste(newcomer, ["Grouper"])
    assert b"/artists/" not in sign_in(newcomer).get("/taste/").content


def test_links_to_artists_cost_no_query(shown: list[User], sign_in: SignIn) -> None:
    client = sign_in(shown[0])
    client.get("/taste/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/taste/")
    make_taste(shown[0], [f"Artist {n}" for n in range(20)])
    client.get("/taste/")
    with CaptureQueriesContext(connection) as lot:
        client.get("/taste/")
    assert len(lot) == len(few)

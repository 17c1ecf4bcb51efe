"""Ranked people, filtered, in pages, and said in words."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import matching_pause
from ingest.models import Genre, Source
from ingest.services import Listening, listening_replace
from ingest.sources.base import ArtistItem
from matching import engine, reader
from matching.reader import current_view
from matching.services import index_is_ready, index_rebuild, refreshes_gathered
from social.services import block_create
from tests.factories import make_person, make_taste, make_user
from tests.matching.conftest import SignIn
from tests.matching.marks import board_rows, handles, marks, words_of

MANY = [f"Artist {number}" for number in range(12)]


@pytest.fixture
def crowd(db: None, now: datetime) -> list[User]:
    """A viewer and thirty people who share from one to ten artists with them."""
    viewer = make_person("viewer", country="PT")
    people = []
    with refreshes_gathered(now=now):
        make_taste(viewer, MANY, genres=["trip hop"])
        for number in range(30):
            active = timezone.now() - timedelta(days=number, hours=1)
            person = make_person(
                f"person_{number}",
                country="NO" if number % 3 else "PT",
                last_active_at=active,
            )
            _listen(person, number)
            people.append(person)
    index_rebuild(now=now)
    return [viewer, *people]


def _listen(person: User, number: int) -> None:
    """One to five artists of the viewer's, and one of one's own with a genre."""
    start = number % 8
    shared = MANY[start : start + 1 + number % 5]
    genres = ("ambient",) if number % 2 else ("jazz",)
    items = (*map(ArtistItem, shared), ArtistItem(f"Own {number}", genres=genres))
    listening_replace(
        person_id=person.pk,
        source=Source.COMMUNITY,
        listening=Listening(artists={"long_term": items}, tracks={}),
        now=timezone.now(),
    )


@pytest.fixture
def board(crowd: list[User], sign_in: SignIn) -> Client:
    return sign_in(crowd[0])


def everyone(client: Client, query: str = "") -> list[str]:
    """Handles of all pages of a board."""
    found: list[str] = []
    page = 1
    while True:
        joined = f"{query}&page={page}" if query else f"?page={page}"
        response = client.get(f"/matches/{joined}")
        found += [m["data-person"] for m in marks(response, "data-shared-artists")]
        if not [m for m in marks(response, "rel") if m["rel"] == "next"]:
            return found
        page += 1


def brute_order(viewer: User, people: list[User]) -> list[str]:
    """Everyone by S, from the receipts; those at or below zero are left out."""
    view = current_view()
    found = [
        (-engine.explain(view, viewer.pk, person.pk).similarity, person.handle or "")
        for person in people
    ]
    return [handle for similarity, handle in sorted(found) if similarity < 0]


# --- Rows -----------------------------------------------------------------


def test_each_row_carries_its_marks(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada, ben = community[:2]
    make_taste(ada, ["Portishead", "Grouper", "Sade", "Can"], genres=["trip hop"])
    make_taste(ben, ["Grouper", "Portishead", "Sade", "Neu!"], genres=["trip hop"])
    index_rebuild(now=now)
    rows = {row["data-person"]: row for row in board_rows(sign_in(ada))}
    summary = engine.summaries(current_view(), ada.pk, [ben.pk])[0]
    row = rows["ben_near"]
    assert row["data-score"] == str(summary.score)
    assert row["data-shared-artists"] == "3"
    assert row["data-genre-overlap"] == f"{summary.genre_overlap:.2f}"
    assert "data-audio-affinity" not in row
    assert "ada_owner" not in rows


def test_a_row_says_what_is_shared(community: list[User], sign_in: SignIn) -> None:
    page = words_of(sign_in(community[0]).get("/matches/"))
    assert "3 artists in common" in page
    assert "rare here: Portishead, Grouper" in page or "Grouper" in page
    assert "Closer than 66 % of people here" in page


def test_the_order_is_that_of_the_receipts(crowd: list[User], board: Client) -> None:
    viewer, *people = crowd
    brute = brute_order(viewer, people)
    shown = everyone(board)
    scores = [float(row["data-score"]) for row in board_rows(board)]
    assert len(shown) == len(brute) > 20
    assert scores == sorted(scores, reverse=True)
    view = current_view()
    ids = {person.handle: person.pk for person in people}
    by_s = [engine.explain(view, viewer.pk, ids[handle]).similarity for handle in shown]
    assert by_s == sorted(by_s, reverse=True)
    assert set(shown) == set(brute)


def test_nobody_is_listed_without_anything_in_common(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    far = make_person("far_away")
    make_taste(far, ["Merzbow"])
    index_rebuild(now=now)
    assert "far_away" not in everyone(sign_in(community[0]))
    page = sign_in(far).get("/matches/")
    assert "Nobody here meets your taste yet" in words_of(page)
    nonsense = sign_in(far).get("/matches/?min_score=lots")
    assert nonsense.context["form"].errors
    assert 'role="alert"' in nonsense.content.decode()


# --- Filters --------------------------------------------------------------

FILTERS = {
    "country": "PT",
    "min_shared": "3",
    "min_score": "35",
    "genre": "ambient",
    "active_days": "7",
    "q": "person_1",
}


def passes(person: User, row: dict[str, str], name: str, genres: set[str]) -> bool:
    last = person.last_active_at
    assert last is not None
    return {
        "country": person.country == "PT",
        "min_shared": int(row["data-shared-artists"]) >= 3,
        "min_score": float(row["data-score"]) >= 35,
        "genre": person.handle in genres,
        "active_days": last >= timezone.now() - timedelta(days=7),
        "q": "person_1" in (person.handle or ""),
    }[name]


@pytest.mark.parametrize(
    "names",
    [
        *([name] for name in FILTERS),
        ["country", "min_shared"],
        ["genre", "active_days"],
        ["q", "min_score"],
        ["country", "genre", "q"],
        list(FILTERS),
    ],
)
def test_filters_leave_exactly_those_who_pass(
    crowd: list[User], board: Client, names: list[str]
) -> None:
    rows = {row["data-person"]: row for row in board_rows(board)}
    rows |= {row["data-person"]: row for row in board_rows(board, "?page=2")}
    people = {p.handle or "": p for p in User.objects.filter(handle__in=rows)}
    view = current_view()
    [genre] = _genre_ids("ambient")
    tastes = {handle: view.taste(p.pk) for handle, p in people.items()}
    genres = {
        handle for handle, taste in tastes.items() if taste and genre in taste.genre_ids
    }
    wanted = [
        handle
        for handle, row in rows.items()
        if all(passes(people[handle], row, name, genres) for name in names)
    ]
    query = "?" + urlencode({name: FILTERS[name] for name in names})
    assert everyone(board, query) == wanted
    if len(names) == 1:
        assert 0 < len(wanted) < len(rows)


def _genre_ids(name: str) -> list[int]:
    return list(Genre.objects.filter(name=name).values_list("pk", flat=True))


def test_a_score_is_filtered_as_it_is_printed(board: Client) -> None:
    scores = [row["data-score"] for row in board_rows(board)]
    middle = scores[7]
    kept = [row["data-score"] for row in board_rows(board, f"?min_score={middle}")]
    assert middle in kept
    assert all(float(score) >= float(middle) for score in kept)


def test_a_name_is_found_in_any_case(crowd: list[User], board: Client) -> None:
    User.objects.filter(handle="person_4").update(display_name="Zoë Quartz")
    assert everyone(board, "?q=quartz") == ["person_4"]
    assert everyone(board, "?q=PERSON_4") == ["person_4"]
    assert everyone(board, "?q=%25") == []


NONSENSE = [
    ("country", "XX", "There is no country with this code."),
    ("genre", "no such thing", "We know no genre of this name."),
    ("min_shared", "many", "Enter a whole number."),
    ("min_shared", "-1", "greater than or equal to 0"),
    ("min_shared", "9999999999", "less than or equal to 150"),
    ("min_score", "NaN", "Enter a number."),
    ("min_score", "101", "less than or equal to 100"),
    ("min_score", "5.55", "no more than 1 decimal place"),
    ("active_days", "3", "Select a valid choice."),
    ("q", "x" * 51, "at most 50 characters"),
    ("q", "\x00", "Null characters are not allowed."),
]


@pytest.mark.parametrize(("name", "value", "says"), NONSENSE)
def test_nonsense_is_named_and_filters_nothing(
    board: Client, name: str, value: str, says: str
) -> None:
    sensible = {"q": "person_1", "min_shared": "2"} | {name: value}
    response = board.get(f"/matches/?{urlencode(sensible)}")
    assert response.status_code == 200
    assert says in words_of(response)
    assert [m for m in marks(response, "role") if m["role"] == "alert"]
    shown = [m["data-person"] for m in marks(response, "data-shared-artists")]
    assert shown == handles(board)
    [fold] = [m for m in marks(response, "class") if m["class"] == "filters fold"]
    assert "open" in fold


def test_every_country_is_offered_whoever_is_here(board: Client) -> None:
    page = board.get("/matches/?country=se")
    offered = [m for m in marks(page, "value") if m["tag"] == "option"]
    assert len(offered) > 200
    chosen = [option["value"] for option in offered if "selected" in option]
    assert chosen == ["SE", ""]
    assert page.context["form"].errors == {}


# --- Pages ----------------------------------------------------------------


def test_pages_keep_the_filters(board: Client) -> None:
    assert len(handles(board)) == 20
    response = board.get("/matches/?min_shared=1&q=person")
    [onward] = [m["href"] for m in marks(response, "rel") if m["rel"] == "next"]
    assert onward == "?q=person&min_shared=1&page=2"
    first, second = handles(board), handles(board, onward)
    assert len(second) > 0
    assert not set(first) & set(second)


@pytest.mark.parametrize("page", ["99", "0", "-3", "last", "1e9", ""])
def test_a_page_out_of_range_is_the_nearest_one(board: Client, page: str) -> None:
    last = handles(board, "?page=2")
    near = last if page in {"99", "0", "-3"} else handles(board)
    assert handles(board, f"?page={page}") == near


# --- An empty result ------------------------------------------------------


def test_what_loosening_brings_back_is_true(board: Client) -> None:
    query = "?country=PT&genre=jazz&min_shared=5&q=person_2&active_days=1"
    response = board.get(f"/matches/{query}")
    assert not marks(response, "data-shared-artists")
    links = [
        m["href"]
        for m in marks(response, "href")
        if m["tag"] == "a" and m["href"].startswith("/matches/?")
    ]
    said = _counts(response)
    assert links
    assert len(links) == len(said)
    for link, count in zip(links, said, strict=True):
        assert len(everyone(board, link.removeprefix("/matches/"))) == count


def _counts(response: Any) -> list[int]:
    board = response.context["board"]
    page = words_of(response)
    for way in board.loosen:
        assert f"{way.count} {'person' if way.count == 1 else 'people'}" in page
    return [way.count for way in board.loosen]


def test_one_filter_alone_can_be_left_out(board: Client) -> None:
    response = board.get("/matches/?q=nobody")
    [way] = response.context["board"].loosen
    assert way.url == "/matches/"
    assert way.count == len(everyone(board))


def test_when_no_single_filter_is_to_blame_all_go(board: Client) -> None:
    response = board.get("/matches/?q=nobody&country=AQ")
    [way] = response.context["board"].loosen
    assert (way.label, way.url) == ("every filter", "/matches/")
    assert way.count == len(everyone(board))


# --- Who is not there -----------------------------------------------------


def vanish_by_block(viewer: User, person: User, now: datetime) -> None:
    block_create(blocker=viewer, blocked=person, now=now)


def vanish_by_being_blocked(viewer: User, person: User, now: datetime) -> None:
    block_create(blocker=person, blocked=viewer, now=now)


def vanish_by_pause(viewer: User, person: User, now: datetime) -> None:
    matching_pause(person=person, now=now)


def vanish_by_leaving(viewer: User, person: User, now: datetime) -> None:
    person.delete()


def vanish_by_suspension(viewer: User, person: User, now: datetime) -> None:
    person.is_active = False
    person.save()


VANISHING = [
    vanish_by_block,
    vanish_by_being_blocked,
    vanish_by_pause,
    vanish_by_leaving,
    vanish_by_suspension,
]


@pytest.mark.parametrize("vanish", VANISHING)
def test_those_who_are_not_there_are_nowhere(
    crowd: list[User], board: Client, now: datetime, vanish: Any
) -> None:
    before = everyone(board)
    response = board.get("/matches/")
    total = response.context["board"].total
    gone = User.objects.get(handle=before[0])
    country, handle = gone.country.code, before[0]
    vanish(crowd[0], gone, now)
    assert everyone(board) == before[1:]
    page = board.get("/matches/")
    assert page.context["board"].total == total - 1
    assert handle not in page.content.decode()
    for query in (f"?q={handle}", f"?country={country}", "?min_shared=1"):
        assert handle not in everyone(board, query)
    first = page.context["board"].entries[0]
    others = len(crowd) - 2
    below = 100 * (others - 1) // others
    assert first.percentile_text == f"closer than {below} % of people here"


def test_a_block_lasts_until_it_is_taken_back(
    crowd: list[User], board: Client, sign_in: SignIn, now: datetime
) -> None:
    first = User.objects.get(handle=handles(board)[0])
    block_create(blocker=crowd[0], blocked=first, now=now)
    assert "viewer" not in everyone(sign_in(first))
    board.post(f"/people/{first.handle}/unblock/")
    assert first.handle in everyone(board)
    assert "viewer" in everyone(sign_in(first))


def test_a_suspension_past_every_service_shows_nobody_and_breaks_nothing(
    crowd: list[User], board: Client
) -> None:
    first = handles(board)[0]
    User.objects.filter(handle=first).update(is_active=False)
    assert first not in handles(board)
    assert board.get(f"/matches/{first}/").status_code == 404


# --- States ---------------------------------------------------------------


def test_without_an_index_the_page_says_so_and_one_is_built(
    ada: User, ben: User, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    for person in (ada, ben):
        make_taste(person, ["Sade"])
    client = sign_in(ada)
    assert not index_is_ready()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.get("/matches/")
    assert "Your list is being made" in words_of(response)
    assert index_is_ready()
    assert handles(client) == ["ben_near"]


def test_a_corrupt_index_is_built_again(
    community: list[User],
    sign_in: SignIn,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    client = sign_in(community[0])
    before = handles(client)
    for part in settings.INDEX_DIR.glob("*.part"):
        part.write_bytes(b"")
    reader.forget()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.get("/matches/")
    assert "Your list is being made" in words_of(response)
    assert handles(client) == before


def test_a_build_is_asked_for_once_by_many_visitors(
    ada: User, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    client = sign_in(ada)
    with django_capture_on_commit_callbacks() as asked:
        for _ in range(5):
            client.get("/matches/")
    assert len(asked) == 1


def test_without_taste_it_says_how_to_bring_one(
    community: list[User], sign_in: SignIn
) -> None:
    page = sign_in(make_person("eve_empty")).get("/matches/")
    assert "Nothing to compare yet" in words_of(page)
    assert "/sources/" in [m["href"] for m in marks(page, "href")]


def test_alone_it_says_so(ada: User, sign_in: SignIn, now: datetime) -> None:
    make_taste(ada, ["Sade"])
    index_rebuild(now=now)
    assert "You are the first" in words_of(sign_in(ada).get("/matches/"))


def test_paused_it_says_how_to_come_back(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    matching_pause(person=community[0], now=now)
    page = sign_in(community[0]).get("/matches/")
    assert "You are paused" in words_of(page)
    assert "/settings/privacy/" in [m["href"] for m in marks(page, "href")]
    assert not marks(page, "data-shared-artists")


def test_before_joining_it_leads_to_the_welcome(
    community: list[User], sign_in: SignIn
) -> None:
    client = sign_in(make_user())
    for address in ("/matches/", "/matches/ada_owner/", "/"):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"] == "/welcome/"


def test_a_session_is_needed(client: Client, community: list[User]) -> None:
    response = client.get("/matches/?country=PT")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/matches/")


def test_nothing_is_posted_to_the_board(board: Client) -> None:
    assert board.post("/matches/").status_code == 405


@pytest.mark.parametrize("people", [5, 200])
def test_the_number_of_queries_does_not_grow(
    people: int,
    db: None,
    sign_in: SignIn,
    now: datetime,
    django_assert_num_queries: Any,
) -> None:
    for number in range(people):
        make_taste(
            make_person(f"person_{number}", country="PT"),
            ["Sade", f"Artist {number % 9}"],
            genres=["trip hop"],
        )
    index_rebuild(now=now)
    client = sign_in(User.objects.get(handle="person_0"))
    query = "?q=person&country=PT&active_days=90&genre=trip+hop&min_shared=1"
    User.objects.update(last_active_at=timezone.now())
    assert len(handles(client, query)) == min(20, people - 1)
    with django_assert_num_queries(15):
        client.get(f"/matches/{query}")
    with django_assert_num_queries(9):
        client.get("/matches/")

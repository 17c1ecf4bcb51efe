"""The admin site of music: which artists are one, said by those who may."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from ingest.models import Artist, ArtistPair, Source
from ingest.names import name_key
from tests.conftest import HOST, NOW
from tests.factories import make_person, make_taste, make_user
from tests.matching.marks import marks, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
ARTISTS, PAIRS = "/admin/ingest/artist/", "/admin/ingest/artistpair/"
M1 = "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root-login", password="x"))
    return client


def with_rights(*rights: str) -> Client:
    """A client of staff with these rights and no others."""
    user = make_user("some_staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client(HTTP_HOST=HOST)
    client.force_login(user)
    return client


def artist(name: str, **ids: str) -> Artist:
    return Artist.objects.create(name=name, name_key=name_key(name), **ids)


@pytest.fixture
def both(db: None) -> list[Artist]:
    """One artist under two names, had by three people; and one more."""
    found = [artist("Kanye West", spotify_id="s1"), artist("Ye", mbid=M1)]
    for handle, names in (("ann_one", ["Ye"]), ("bob_two", ["Kanye West", "Ye"])):
        make_taste(make_person(handle), names)
    make_taste(make_person("cat_three"), ["Ye"], source=Source.MANUAL)
    artist("Sade")
    return found


def act(client: Client, path: str, action: str, rows: list[Any], **more: Any) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(path, data, follow=True)


def names(response: Any) -> list[str]:
    return [row.name for row in response.context["cl"].result_list]


def history() -> list[tuple[str, str]]:
    rows = LogEntry.objects.order_by("pk")
    return list(rows.values_list("object_repr", "change_message"))


# --- The list -------------------------------------------------------------


def test_the_list_says_where_artists_come_from(
    staff: Client, both: list[Artist]
) -> None:
    page = words_of(staff.get(ARTISTS))
    assert "2 from Loaded community, 1 from Picked by hand" in page
    assert "s1" in page
    assert M1 in page
    assert "Add artist" not in page
    assert staff.get(f"{ARTISTS}add/").status_code == 403
    assert staff.get(f"{ARTISTS}{both[0].pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", ["Kanye West", "Sade", "Ye"]),
        ("KÁNYE", ["Kanye West"]),
        ("s1", ["Kanye West"]),
        (M1.upper(), ["Ye"]),
        ("kanye west | sade |", ["Kanye West", "Sade"]),
        ("|", ["Kanye West", "Sade", "Ye"]),
        ("nobody", []),
        ("%", []),
        ("\u200b", []),
    ],
)
def test_artists_are_found_by_several_names_and_ids(
    staff: Client, both: list[Artist], q: str, found: list[str]
) -> None:
    assert names(staff.get(ARTISTS, {"q": q})) == found


def test_the_cost_of_the_lists_does_not_grow(
    staff: Client, both: list[Artist], django_assert_max_num_queries: Any
) -> None:
    counts = []
    pages = (ARTISTS, PAIRS, f"{ARTISTS}{both[0].pk}/change/")
    for path in pages:  # The first look also asks for content types, once a process.
        staff.get(path)
    for size in (5, 40):
        for n in range(size):
            part = artist(f"Part {size} {n}", spotify_id=f"{size}-{n}")
            Artist.objects.filter(pk=part.pk).update(same_as=both[0])
            ArtistPair.objects.create(
                artist=both[0], other=part, reason="A reason.", noticed_at=NOW
            )
        make_taste(make_person(f"fan_{size}"), [f"Part {size} {n}" for n in range(9)])
        for path in pages:
            with django_assert_max_num_queries(12) as caught:
                assert staff.get(path).status_code == 200
            counts.append(len(caught))
    assert counts[:3] == counts[3:]


# --- Merging --------------------------------------------------------------


def test_merging_asks_first_and_says_what_it_does(
    staff: Client, both: list[Artist]
) -> None:
    under = artist("Saint Pablo")
    Artist.objects.filter(pk=under.pk).update(same_as=both[1])
    page = act(staff, ARTISTS, "merge", both)
    text = words_of(page)
    assert "3 people have one of them" in text
    assert f"Ye (MusicBrainz {M1})" in text
    assert "Had by 2 from Loaded community, 1 from Picked by hand." in text
    assert "Stands for Saint Pablo (by name only), which would come along." in text
    keeps = [m for m in marks(page, "name", "value") if m["name"] == "keep"]
    assert [m["value"] for m in keeps] == [str(a.pk) for a in both]
    assert [m["value"] for m in keeps if "checked" in m] == [str(both[0].pk)]
    assert marks(page, "csrfmiddlewaretoken") == []
    assert any(m["name"] == "csrfmiddlewaretoken" for m in marks(page, "name"))
    assert Artist.objects.filter(same_as=both[0]).count() == 0
    assert history() == []


def test_a_confirmed_merge_is_done_and_written_down(
    staff: Client, both: list[Artist]
) -> None:
    kanye, ye = both
    page = act(staff, ARTISTS, "merge", both, confirmed="yes", keep=kanye.pk)
    ye.refresh_from_db()
    assert ye.same_as == kanye
    assert f"Kanye West stands for Ye (MusicBrainz {M1}) now." in words_of(page)
    assert history() == [
        ("Kanye West", f"Stands for Ye (MusicBrainz {M1})."),
        ("Ye", "Merged into Kanye West (Spotify s1)."),
    ]
    page = words_of(staff.get(f"{ARTISTS}{kanye.pk}/change/"))
    assert "Stands for: Ye" in page


@pytest.mark.parametrize("keep", ["", "0", "x", "999"])
def test_without_one_to_keep_it_asks_again(
    staff: Client, both: list[Artist], keep: str
) -> None:
    page = act(staff, ARTISTS, "merge", both, confirmed="yes", keep=keep)
    [error] = [m for m in marks(page, "role") if m["role"] == "alert"]
    assert error["class"] == "errornote"
    assert "Choose the artist that is to stand for the others." in words_of(page)
    assert not Artist.objects.filter(same_as__isnull=False).exists()


def test_what_cannot_be_merged_is_said_on_the_page(
    staff: Client, both: list[Artist]
) -> None:
    kanye, ye = both
    sade = Artist.objects.get(name="Sade")
    Artist.objects.filter(pk=ye.pk).update(same_as=kanye)
    page = act(staff, ARTISTS, "merge", [ye, sade], confirmed="yes", keep=ye.pk)
    assert "Another artist stands for Ye. Keep that one" in words_of(page)
    assert history() == []


@pytest.mark.parametrize("count", [1, 21])
def test_too_few_or_too_many_are_refused_in_words(staff: Client, count: int) -> None:
    rows = [artist(f"Artist {n}") for n in range(count)]
    page = act(staff, ARTISTS, "merge", rows)
    assert "Choose 2 to 20 artists to merge." in words_of(page)


# --- Splitting ------------------------------------------------------------


def test_splitting_off_is_done_and_written_down(
    staff: Client, both: list[Artist]
) -> None:
    kanye, ye = both
    act(staff, ARTISTS, "merge", both, confirmed="yes", keep=kanye.pk)
    assert names(staff.get(ARTISTS, {"same_as__isempty": "0"})) == ["Ye"]
    page = words_of(act(staff, ARTISTS, "split", both, confirmed="yes"))
    ye.refresh_from_db()
    assert ye.same_as is None
    assert f"Ye (MusicBrainz {M1}) stands for itself again." in page
    assert "No other artist stands for Kanye West." in page
    assert history()[2:] == [("Ye", "Split off from Kanye West.")]


def test_only_the_name_can_be_written(staff: Client, both: list[Artist]) -> None:
    kanye, ye = both
    data = {"name": "Kanye", "spotify_id": "x", "mbid": "x", "same_as": ye.pk}
    assert staff.post(f"{ARTISTS}{kanye.pk}/change/", data).status_code == 302
    kanye.refresh_from_db()
    assert (kanye.name, kanye.name_key, kanye.spotify_id) == (
        "Kanye",
        "kanye west",
        "s1",
    )
    assert (kanye.mbid, kanye.same_as) == (None, None)


# --- Pairs ----------------------------------------------------------------


@pytest.fixture
def asked(both: list[Artist]) -> ArtistPair:
    return ArtistPair.objects.create(
        artist=both[0], other=both[1], reason="Both are credited.", noticed_at=NOW
    )


def test_open_pairs_come_first(staff: Client, asked: ArtistPair) -> None:
    sade = Artist.objects.get(name="Sade")
    decided = ArtistPair.objects.create(
        artist=asked.artist, other=sade, reason="x", state="different", noticed_at=NOW
    )
    page = staff.get(PAIRS)
    assert list(page.context["cl"].result_list) == [asked, decided]
    assert "Both are credited. Kanye West (Spotify s1) Ye" in words_of(page)
    assert list(
        staff.get(PAIRS, {"state__exact": "different"}).context["cl"].result_list
    ) == [decided]
    page = staff.get(f"{PAIRS}{asked.pk}/change/")
    assert "Both are credited." in words_of(page)
    assert staff.get(f"{PAIRS}add/").status_code == 403
    assert staff.get(f"{PAIRS}{asked.pk}/delete/").status_code == 403


@pytest.mark.parametrize("action", ["same_artist", "different_artists"])
def test_a_pair_is_asked_about_once_more(
    staff: Client, asked: ArtistPair, action: str
) -> None:
    page = words_of(act(staff, PAIRS, action, [asked]))
    assert "Leave them as they are" in page
    before = asked.decided_at
    asked.refresh_from_db()
    assert asked.decided_at == before is None


def test_the_same_artist_is_merged(staff: Client, asked: ArtistPair) -> None:
    page = words_of(act(staff, PAIRS, "same_artist", [asked], confirmed="yes"))
    asked.refresh_from_db()
    assert asked.state == "same"
    assert asked.decided_by == User.objects.get(username="root-login")
    assert Artist.objects.get(name="Ye").same_as == asked.artist
    assert "1 pair decided: the same." in page
    assert history() == [
        (str(asked), "Decided: The same artist."),
        ("Kanye West", f"The same artist as Ye (MusicBrainz {M1})."),
        ("Ye", "The same artist as Kanye West (Spotify s1)."),
    ]
    page = words_of(act(staff, PAIRS, "different_artists", [asked], confirmed="yes"))
    assert "Kanye West and Ye stand as one artist. Split one off first." in page


def test_different_artists_stay_apart(staff: Client, asked: ArtistPair) -> None:
    page = words_of(act(staff, PAIRS, "different_artists", [asked], confirmed="yes"))
    asked.refresh_from_db()
    assert asked.state == "different"
    assert not Artist.objects.filter(same_as__isnull=False).exists()
    assert "1 pair decided: different." in page
    assert len(history()) == 3


# --- Who may --------------------------------------------------------------


@pytest.mark.parametrize(
    ("rights", "may"),
    [
        (["view_artist", "view_artistpair"], ()),
        (["change_artistpair", "view_artist"], ()),
        (["change_artist", "view_artistpair"], ("merge",)),
        (["change_artist", "change_artistpair"], ("merge", "pair")),
    ],
)
def test_only_who_may_change_artists_says_so(
    asked: ArtistPair, rights: list[str], may: tuple[str, ...]
) -> None:
    client = with_rights(*rights)
    both = [asked.artist, asked.other]
    assert client.get(ARTISTS).status_code == client.get(PAIRS).status_code == 200
    act(client, PAIRS, "same_artist", [asked], confirmed="yes")
    asked.refresh_from_db()
    assert (asked.state == "same") is ("pair" in may)
    Artist.objects.update(same_as=None)
    act(client, ARTISTS, "merge", both, confirmed="yes", keep=both[0].pk)
    merged = Artist.objects.filter(same_as__isnull=False)
    assert merged.exists() is ("merge" in may)
    act(client, ARTISTS, "split", both, confirmed="yes")
    assert not (merged.exists() and may)


def test_nothing_is_done_without_a_token_or_for_others(
    both: list[Artist], ada: User
) -> None:
    strict = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("root-login", password="x"))
    more = {"confirmed": "yes", "keep": both[0].pk}
    assert act(strict, ARTISTS, "merge", both, **more).status_code == 403
    client = Client(HTTP_HOST=HOST)
    client.force_login(ada)
    page = act(client, ARTISTS, "merge", both, **more)
    assert page.redirect_chain[0][0].startswith("/admin/login/")
    assert not Artist.objects.filter(same_as__isnull=False).exists()

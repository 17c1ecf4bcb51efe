"""The demonstration community: always the same, and gone without a trace."""

from collections import Counter
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from ingest.models import Artist, ArtistGenre, ArtistSound, Source, TopArtist
from matching import engine
from matching.models import Taste
from matching.reader import current_view
from matching.services import index_is_ready, index_rebuild
from tests.conftest import HOST
from tests.factories import make_person, make_taste
from tests.matching.marks import handles


def seed(people: int) -> str:
    out = StringIO()
    call_command("seed_demo", people=people, stdout=out)
    return out.getvalue()


def purge() -> str:
    out = StringIO()
    call_command("purge_demo", stdout=out)
    return out.getvalue()


def rows() -> Counter[str]:
    """How many rows every table has."""
    with connection.cursor() as cursor:
        counts = Counter[str]()
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
            counts[table] = cursor.fetchone()[0]
    return counts


def scores() -> dict[tuple[str, str], str]:
    """Printed scores of everyone with everyone."""
    view = current_view()
    ids = view.person_ids.tolist()
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "handle"))
    return {
        (names[viewer], names[other.person_id]): str(other.score)
        for viewer in ids
        for other in engine.summaries(view, viewer, [pk for pk in ids if pk != viewer])
    }


# --- seed_demo ------------------------------------------------------------


@pytest.fixture
def demo(db: None) -> str:
    return seed(24)


def test_everyone_joined_and_is_ranked(demo: str, client: Client) -> None:
    people = User.objects.filter(origin=User.Origin.DEMO)
    assert people.count() == 24
    assert not people.filter(joined_at=None).exists()
    assert 0 < people.filter(shows_artists=False).count() < 12
    assert len(current_view()) >= 20
    client.force_login(people.get(pk=current_view().person_ids[0]))
    assert len(handles(client)) > 5


def test_the_same_number_makes_the_same_people_and_scores(demo: str) -> None:
    first = list(User.objects.order_by("pk").values_list("handle", "display_name"))
    first_scores = scores()
    purge()
    seed(24)
    again = list(User.objects.order_by("pk").values_list("handle", "display_name"))
    assert again == first
    assert scores() == first_scores


def test_plain_lines_off_a_terminal(demo: str) -> None:
    lines = demo.splitlines()
    assert lines[0] == "Demonstration people: 2 of 24"
    assert lines[11] == "Demonstration people: 24 of 24"
    assert lines[12] == "24 demonstration people are here."
    assert not any("\r" in line or "%" in line for line in lines)


def test_a_bar_on_a_terminal(db: None, capsys: Any) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    call_command("seed_demo", people=3, stdout=out)
    assert out.getvalue() == "3 demonstration people are here.\n"
    assert "Demonstration people" in capsys.readouterr().err


@pytest.mark.parametrize("debug", [True, False])
def test_signing_in_as_them_is_for_development(
    db: None, client: Client, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug
    said = seed(2)
    person = User.objects.order_by("pk").first()
    assert person is not None
    assert ("Sign in as any of them" in said) is debug
    assert person.username == person.handle
    assert client.login(username=person.username, password="listen-along") is debug


def test_a_load_that_was_stopped_goes_on(db: None) -> None:
    seed(10)
    made = list(User.objects.order_by("pk").values_list("pk", "handle"))
    said = seed(24)
    assert said.startswith("Demonstration people: 1 of 14\n")
    assert list(User.objects.order_by("pk").values_list("pk", "handle"))[:10] == made
    assert User.objects.count() == 24
    in_two = scores()
    purge()
    seed(24)
    assert scores() == in_two


def test_a_second_time_is_refused(demo: str) -> None:
    with pytest.raises(CommandError, match="purge_demo first"):
        seed(24)


def test_nobody_is_nobody(db: None) -> None:
    with pytest.raises(CommandError, match="from 1 up"):
        seed(0)


def test_a_name_someone_has_is_not_taken_from_them(demo: str) -> None:
    handle = User.objects.order_by("pk").first().handle  # type: ignore[union-attr]
    purge()
    make_person(str(handle))
    before = rows()
    with pytest.raises(CommandError, match=f"has the name {handle} already"):
        seed(24)
    assert rows() == before


# --- purge_demo -----------------------------------------------------------


def listening_of(person: User) -> list[tuple[str, int, str]]:
    found = TopArtist.objects.filter(person=person).order_by("source", "rank")
    return list(found.values_list("source", "rank", "artist__name"))


def test_nothing_of_it_is_left_and_others_keep_theirs(now: datetime, db: None) -> None:
    """Two people who share artists with the demo, made before and after it."""
    ada = make_person("ada_owner")
    make_taste(ada, ["Portishead", "Nobody Else"], source=Source.MANUAL)
    ben = make_person("ben_near")
    make_taste(ben, ["Radiohead", "Local Band"], genres=["slow folk"])
    index_rebuild(now=now)
    before, listening = rows(), [listening_of(ada), listening_of(ben)]
    tastes = {t.person_id: bytes(t.blob) for t in Taste.objects.all()}
    seed(24)
    assert rows() != before
    assert ArtistGenre.objects.filter(artist__name="Portishead").exists()
    demo = User.objects.filter(origin=User.Origin.DEMO).first()
    assert demo is not None
    Client(HTTP_HOST=HOST).force_login(demo)
    visitor = Client(HTTP_HOST=HOST)
    visitor.force_login(ada)
    said = purge()
    assert said.startswith("Removed 24 demonstration people, and ")
    # Who left is remembered while an older index may serve again; and the statistics
    # of that time are kept as long.
    for _ in range(2):
        index_rebuild(now=now)
    after = rows()
    after["django_session"] -= 1
    # What the page about matching tells is measured anew, and names nobody.
    del after["matching_fairnessreport"], before["matching_fairnessreport"]
    # Before it there was one edition of statistics, and now there is one to go back to.
    for table in ("matching_edition", "matching_editionpart"):
        assert after.pop(table) == 2 * before.pop(table)
    assert after == before
    assert visitor.get("/matches/").status_code == 200
    assert [listening_of(ada), listening_of(ben)] == listening
    assert {t.person_id: bytes(t.blob) for t in Taste.objects.all()} == tastes
    assert sorted(current_view().person_ids.tolist()) == sorted([ada.pk, ben.pk])


def test_a_taste_that_leaned_on_the_demo_is_made_again(db: None) -> None:
    """Who picks an artist by hand has the demo's genres of it until it goes."""
    seed(24)
    artist = Artist.objects.filter(genre_links__isnull=False).first()
    assert artist is not None
    ada = make_person("ada_owner")
    make_taste(ada, [artist.name, "Nobody Else"], source=Source.MANUAL)
    taste = current_view().taste(ada.pk)
    assert taste is not None
    assert len(taste.genre_ids)
    purge()
    taste = current_view().taste(ada.pk)
    assert taste is not None
    assert (len(taste), len(taste.genre_ids), taste.audio) == (2, 0, None)
    assert not ArtistSound.objects.exists()


def test_only_their_sessions_end(db: None, ada: User) -> None:
    seed(3)
    for person in (ada, User.objects.filter(origin=User.Origin.DEMO)[0]):
        Client(HTTP_HOST=HOST).force_login(person)
    purge()
    [session] = Session.objects.all()
    assert session.get_decoded()["_auth_user_id"] == str(ada.pk)


def test_purging_nothing_is_no_error(db: None) -> None:
    assert purge().startswith("Removed 0 demonstration people, and 0 rows")
    assert index_is_ready()


def test_every_table_is_looked_at(db: None) -> None:
    tables = {model._meta.db_table for model in apps.get_models()}
    assert tables <= set(rows())


def test_the_one_a_visitor_signs_in_as_has_talks_and_requests(db: None) -> None:
    seed(30)
    # Who is named to a visitor is the first that was made.
    viewer = User.objects.order_by("pk")[0]
    client = Client(HTTP_HOST=HOST)
    client.force_login(viewer)
    talks = client.get("/messages/").content.decode()
    assert talks.count("data-unread=") == 2
    assert 'data-unread="1"' in talks
    asked = client.get("/connections/requests/").content.decode()
    assert asked.count('data-state="incoming"') == 2

"""A community from CSV files: whole, or a sentence that names file and line."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from ingest.models import Artist, ArtistSound, Source, TopArtist
from matching.reader import current_view
from tests.factories import make_person
from tests.matching.marks import handles

ARTISTS = """\
artist,name,genres,tempo,energy,valence,danceability,acousticness,loudness
a,Grouper,drone|ambient,80,0.2,0.2,0.2,0.9,-18
b,Sade,soul,95,0.4,0.6,0.7,0.4,-11
c,Low,,,,,,,
d,Сплин,русский рок,120,0.7,0.5,0.5,0.1,-7
e,,,,,,,,
"""
LISTENS = """\
user,artist,rank,plays
7,a,2,10
7,b,1,20
Ü nal,b,,5
Ü nal,c,,50
Ü nal,d,,20
7,c,3,1
9,d,1,4
"""
PEOPLE = """\
user,name,country
7,Ana,pt
Ü nal,Ünal \u202e,TR
unknown,Nobody,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "artists.csv").write_text(ARTISTS, encoding="utf-8")
    (tmp_path / "user_artists.csv").write_text(LISTENS, encoding="utf-8")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return tmp_path


def load(folder: Path) -> str:
    out = StringIO()
    call_command("load_community", str(folder), stdout=out)
    return out.getvalue()


def test_a_community_becomes_members(folder: Path, db: None, client: Client) -> None:
    said = load(folder)
    assert said.splitlines()[-1] == "3 people are here."
    people = {p.handle: p for p in User.objects.all()}
    assert set(people) == {"listener_7", "listener___nal", "listener_9"}
    ana = people["listener_7"]
    assert (ana.username, ana.display_name, ana.country) == ("listener_7", "Ana", "PT")
    assert people["listener___nal"].display_name == "Ünal"
    assert people["listener_9"].display_name == ""
    assert all(
        p.origin == User.Origin.COMMUNITY and p.joined_at for p in people.values()
    )
    client.force_login(ana)
    assert handles(client) == ["listener___nal"]


def test_rank_leads_and_else_plays(folder: Path, db: None) -> None:
    load(folder)

    def ranked(handle: str) -> list[str]:
        found = TopArtist.objects.filter(person__handle=handle).order_by("rank")
        return list(found.values_list("artist__name", flat=True))

    assert ranked("listener_7") == ["Sade", "Grouper", "Low"]
    assert ranked("listener___nal") == ["Low", "Сплин", "Sade"]
    assert set(TopArtist.objects.values_list("source", flat=True)) == {Source.COMMUNITY}


def test_genres_and_sound_come_along(folder: Path, db: None) -> None:
    load(folder)
    grouper = Artist.objects.get(name="Grouper")
    assert set(grouper.genres.values_list("name", flat=True)) == {"drone", "ambient"}
    assert grouper.sound.tempo == 80
    assert ArtistSound.objects.count() == 3
    ana = User.objects.get(handle="listener_7")
    taste = current_view().taste(ana.pk)
    assert taste is not None
    assert taste.audio is not None
    assert taste.audio[0] == pytest.approx((80 + 95) / 2)


def test_what_is_optional_may_be_missing(tmp_path: Path, db: None) -> None:
    (tmp_path / "artists.csv").write_text("\ufeffname,artist\nSade,1\n", "utf-8")
    (tmp_path / "user_artists.csv").write_text("artist,user,plays,x\n1,1,1.5,\n")
    assert "1 people are here." in load(tmp_path)


def test_at_most_150_artists_are_read(tmp_path: Path, db: None) -> None:
    names = "".join(f"{n},Artist {n}\n" for n in range(200))
    (tmp_path / "artists.csv").write_text("artist,name\n" + names)
    lines = "".join(f"1,{n},{n + 1}\n" for n in range(200))
    (tmp_path / "user_artists.csv").write_text("user,artist,rank\n" + lines)
    load(tmp_path)
    assert TopArtist.objects.count() == 150


def test_the_same_handle_is_given_once(tmp_path: Path, db: None) -> None:
    (tmp_path / "artists.csv").write_text("artist,name\n1,Sade\n")
    rows = "".join(
        f"{user},1,1\n" for user in ("A b", "a_b", "a-b", "é" * 40, "ü" * 50)
    )
    (tmp_path / "user_artists.csv").write_text("user,artist,rank\n" + rows)
    load(tmp_path)
    made = set(User.objects.values_list("handle", flat=True))
    long = "listener_" + "_" * 21
    assert made == {
        "listener_a_b",
        "listener__1",
        "listener__2",
        long,
        "listener__4",
    }


def test_signing_in_is_for_development(
    folder: Path, db: None, client: Client, settings: Any
) -> None:
    settings.DEBUG = True
    said = load(folder)
    assert "for example listener_7, with the password listen-along." in said
    assert client.login(username="listener_9", password="listen-along")


def test_in_production_nobody_signs_in_as_them(
    folder: Path, db: None, client: Client, settings: Any
) -> None:
    settings.DEBUG = False
    assert "password" not in load(folder)
    assert not client.login(username="listener_9", password="listen-along")
    assert not User.objects.get(handle="listener_9").has_usable_password()


MALFORMED = [
    ("artists.csv", None, "artists.csv is not there."),
    ("user_artists.csv", None, "user_artists.csv is not there."),
    ("artists.csv", "id,name\n1,Sade\n", "line 1: no column is called artist."),
    ("artists.csv", "", "line 1: no column is called artist."),
    ("artists.csv", ARTISTS + ",Nameless,,,,,,,\n", "line 7: artist is empty."),
    (
        "artists.csv",
        ARTISTS + "f,Burial,,fast,,,,,\n",
        "line 7: tempo is not a number: 'fast'.",
    ),
    (
        "artists.csv",
        ARTISTS + "f,Burial,,120,inf,,,,\n",
        "line 7: energy is not a number: 'inf'.",
    ),
    ("artists.csv", ARTISTS + 'f,"Burial\n', "line 7: this is not CSV"),
    ("artists.csv", ARTISTS.encode() + b"f,\xff\xfe,,,,,,,\n", "cannot be read"),
    ("user_artists.csv", LISTENS + "9,zz,1,\n", "line 9: artist 'zz' has no name"),
    ("user_artists.csv", LISTENS + "9,e,1,\n", "line 9: artist 'e' has no name"),
    ("user_artists.csv", LISTENS + "9,,1,\n", "line 9: artist is empty."),
    ("user_artists.csv", LISTENS + " ,a,1,\n", "line 9: user is empty."),
    ("user_artists.csv", LISTENS + "9,a,,\n", "line 9: neither rank nor plays"),
    ("user_artists.csv", LISTENS + "9,a,first,\n", "line 9: rank is not a number"),
    ("user_artists.csv", LISTENS + "9,a,,nan\n", "line 9: plays is not a number"),
    ("user_artists.csv", LISTENS + "9,a\n", "line 9: neither rank nor plays"),
    ("user_artists.csv", "user,artist,rank\n", "names nobody."),
    ("people.csv", PEOPLE + "9,Bo,Norway\n", "line 5: 'NORWAY' is not the two letters"),
    ("people.csv", PEOPLE + "9,Bo,XX\n", "line 5: 'XX' is not the two letters"),
    ("people.csv", PEOPLE + ",Bo,NO\n", "line 5: user is empty."),
    ("people.csv", "person,name\n", "line 1: no column is called user."),
]


@pytest.mark.parametrize(("name", "text", "says"), MALFORMED)
def test_what_is_malformed_is_named_and_nothing_written(
    folder: Path, db: None, name: str, text: str | bytes | None, says: str
) -> None:
    file = folder / name
    if text is None:
        file.unlink()
    else:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CommandError) as error:
        load(folder)
    assert str(file) in str(error.value)
    assert says in str(error.value)
    assert str(error.value).endswith(".")
    assert not User.objects.exists()
    assert not Artist.objects.exists()


def test_a_folder_in_place_of_a_file_is_named(folder: Path, db: None) -> None:
    (folder / "people.csv").unlink()
    (folder / "people.csv").mkdir()
    with pytest.raises(CommandError, match=r"people\.csv cannot be read"):
        load(folder)


def test_a_name_someone_has_stops_it_before_writing(folder: Path, db: None) -> None:
    make_person("listener_9")
    with pytest.raises(CommandError, match="has the name listener_9 already"):
        load(folder)
    assert User.objects.count() == 1
    assert not Artist.objects.exists()


def test_a_second_time_is_refused(folder: Path, db: None) -> None:
    load(folder)
    with pytest.raises(CommandError, match="here already"):
        load(folder)
    assert User.objects.count() == 3


def test_a_load_that_was_stopped_goes_on(folder: Path, db: None) -> None:
    load(folder)
    User.objects.get(handle="listener_9").delete()
    assert "People: 1 of 1" in load(folder)
    assert User.objects.count() == 3


def test_the_format_is_in_the_help(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        call_command("load_community", "--help")
    said = capsys.readouterr().out
    assert "user_artists.csv  user, artist, and rank" in said
    assert "people.csv" in said


def test_names_that_look_alike_get_handles_of_their_own(folder: Path, db: None) -> None:
    users = ("x", "_2", "X", "x ", "-2")
    rows = "".join(f"{user},{artist},1\n" for user in users for artist in "12"[:1])
    (folder / "user_artists.csv").write_text("user,artist,rank\n" + rows)
    (folder / "artists.csv").write_text("artist,name\n1,Sade\x00\n")
    (folder / "people.csv").unlink(missing_ok=True)
    load(folder)
    made = User.objects.filter(origin=User.Origin.COMMUNITY)
    handles = set(made.values_list("handle", flat=True))
    assert len(handles) == made.count() >= 4
    assert Artist.objects.get().name == "Sade"

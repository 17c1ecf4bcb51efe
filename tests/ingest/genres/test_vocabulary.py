"""What is a genre and what is not, and which genres an artist's tags amount to."""

import unicodedata
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.genres import canonical, genre_of, genres_of, is_known
from ingest.genres.folding import LONGEST, fold
from ingest.genres.vocabulary import FILE, Entry, load_entries
from musicmatch.demo.catalogue import load_catalogue

ENTRIES = load_entries()
NAMES = [entry.name for entry in ENTRIES]
SPELLINGS = [s for entry in ENTRIES for s in (entry.name, *entry.aliases)]
ANY_TAG = st.one_of(
    st.text(st.characters()),
    st.sampled_from(SPELLINGS),
    st.sampled_from(SPELLINGS).map(str.upper),
    st.lists(st.sampled_from(["and", "&", "n", "music", "rock", "-", "d"])).map(
        " ".join
    ),
)
ROWS = st.lists(st.tuples(ANY_TAG, st.integers(-5, 120), st.booleans()), max_size=12)

# --- The list itself ------------------------------------------------------


def test_every_spelling_leads_to_its_genre() -> None:
    for entry in ENTRIES:
        for spelling in (entry.name, *entry.aliases):
            assert genre_of(spelling) == entry.name, spelling
            assert genre_of(spelling.upper().replace(" ", "_")) == entry.name, spelling


def test_no_two_spellings_are_one_and_none_is_there_for_nothing() -> None:
    keys = [fold(spelling) for spelling in SPELLINGS]
    assert [key for key, times in Counter(keys).items() if times > 1] == []
    shorter = [
        fold(alias).removesuffix("music")
        for entry in ENTRIES
        for alias in entry.aliases
    ]
    assert set(shorter) & {fold(name) for name in NAMES} == set()
    assert len(set(shorter)) == len(shorter)


def test_names_are_written_as_the_field_writes_them() -> None:
    assert 700 <= len(NAMES) <= 1000
    for name in NAMES:
        assert name == canonical(name) == unicodedata.normalize("NFC", name)
        assert len(name) <= 40


def test_the_file_is_sorted_by_family_broad_ones_first() -> None:
    families = FILE.read_text(encoding="utf-8").strip().split("\n\n")[1:]
    assert len(families) >= 15
    read = iter(ENTRIES)
    for family in families:
        heading, *lines = family.splitlines()
        assert heading.startswith("# ")
        entries = [next(read) for _ in lines]
        assert [written(entry) for entry in entries] == lines
        order = [(not entry.is_broad, fold(entry.name)) for entry in entries]
        assert order == sorted(order)
    assert list(read) == []


def written(entry: Entry) -> str:
    for spelling in (entry.name, *entry.aliases):
        assert spelling == " ".join(spelling.split())
        assert not set(spelling) & set("*=,#")
    name = f"*{entry.name}" if entry.is_broad else entry.name
    return f"{name} = {', '.join(entry.aliases)}" if entry.aliases else name


def test_the_demonstration_speaks_the_same_words() -> None:
    genres = {genre for artist in load_catalogue() for genre in artist.genres}
    assert {genre: genre_of(genre) for genre in genres} == {g: g for g in genres}


# --- One tag --------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "genre"),
    [
        ("Hip-Hop", "hip hop"),
        ("HIP_HOP", "hip hop"),
        ("hiphop", "hip hop"),
        ("Hip-Hop/Rap", "hip hop"),
        ("rap music", "hip hop"),
        ("rnb", "r&b"),
        ("R'n'B", "r&b"),
        ("Rhythm and Blues", "r&b"),
        ("DnB", "drum and bass"),
        ("d&b", "drum and bass"),
        ("drum n bass", "drum and bass"),
        ("IDM", "idm"),
        ("postrock", "post-rock"),
        ("shoegazing", "shoegaze"),
        ("Synth-Pop", "synthpop"),
        ("alternative country", "alt-country"),
        ("electronica", "electronic"),
        ("Singer/Songwriter", "singer-songwriter"),
        ("Música Popular Brasileira", "mpb"),
        ("chanson francaise", "chanson"),
        ("русский рок", "russian rock"),
        ("시티팝", None),
        ("シティ・ポップ", "city pop"),
        ("演歌", "enka"),
        ("لا شيء", None),
        ("قوالی", "qawwali"),
        ("soul music", "soul"),
        ("world music", "world music"),
        ("music", None),
        ("japanese music", None),
    ],
)
def test_what_a_tag_names(tag: str, genre: str | None) -> None:
    assert genre_of(tag) == genre
    assert is_known(tag) is (genre is not None)


NO_GENRES = """
seen live; want to see live; albums i own; vinyl i own; my music; my favorites;
favourites; favorite artists; favourite songs; all time favourites; love; loved; love
at first listen; best ever; best of 2008; awesome; amazing; beautiful; epic; fun;
cool; good; great; guilty pleasure; overrated; underrated; hidden gem; genius; legend;
legends; sexy; hot; cute; weird; crap; shit; bad; boring; officially shit; check out;
to listen; todo; spotify; lastfm; youtube; soundcloud; bandcamp; under 2000 listeners;
radio; myspace; female vocalists; female vocalist; female vocals; female fronted; male
vocalists; male vocals; male; female; vocal; vocals; singer; band; bands; artist;
musician; composer; composers; producer; dj; duo; trio; supergroup; one hit wonder;
women; girls; lgbt; queer; 60s; 70s; 80s; 90s; 00s; 1980s; 2000s; 2010s; sixties;
eighties; nineties; 1969; 1984; 2008; 2020; 20th century; 21st century; oldies;
classic; classics; old; new; retro; vintage; american; british; uk; usa; england;
english; irish; scottish; welsh; german; germany; deutsch; french; france; italian;
spanish; portuguese; brazilian; brasil; mexican; swedish; sweden; norwegian; finnish;
danish; dutch; icelandic; polish; russian; ukrainian; turkish; greek; israeli;
persian; iranian; indian; hindi; tamil; punjabi; chinese; japanese; japan; korean;
thai; vietnamese; indonesian; filipino; australian; canadian; african; nigerian;
jamaican; cuban; argentina; colombia; london; manchester; bristol; new york; seattle;
detroit; chicago; berlin; texas; california; europe; asian; scandinavian; nordic;
balkan; chill; chilled; mellow; sad; happy; melancholic; melancholy; melancholia;
dark; atmospheric; dreamy; ethereal; energetic; relaxing; relax; calm; romantic love;
sleep; study; workout; gym; party; driving; summer; winter; rain; night; morning;
sunday; nostalgia; emotional; catchy; upbeat; slow; fast; heavy; loud; soft; hypnotic;
trippy; groovy; funny; angry; guitar; piano; violin; cello; saxophone; drums; synth;
strings; accordion; harp; instrumental; acoustic; electric; live; cover; covers;
remix; remixes; demo; single; album; compilation; bootleg; unplugged; lyrics; english
lyrics; good lyrics; music; musik; song; hardcore; garage; minimal; fusion;
progressive; core; acid; urban; warp records; 4ad; sub pop; motown records; factory;
elektra; columbia; sony; indie label; radiohead; the beatles; portishead; kraftwerk;
nirvana; gorillaz; coldplay; bts; nas; audiobook; podcast; stand-up comedy; asmr;
non-music; spoken; interview; war; death; god; !!!; ???; -; 1; rock is dead; pop goes
the world; not metal; anti; punk's not dead
"""


def test_what_names_no_genre() -> None:
    tags = " ".join(NO_GENRES.split()).split("; ")
    assert len(tags) > 250
    assert [tag for tag in tags if is_known(tag) or is_known(f"{tag} music")] == []
    assert genres_of([(tag, 100, True) for tag in tags]) == ()


def test_artists_are_no_genres() -> None:
    """But for Benga, who took the name of one."""
    names = {artist.name for artist in load_catalogue()}
    assert {name for name in names if is_known(name)} == {"Benga"}


@given(ANY_TAG)
def test_a_genre_names_itself(tag: str) -> None:
    genre = genre_of(tag)
    assert genre is None or (genre in NAMES and genre_of(genre) == genre)


@pytest.mark.parametrize(
    "tag",
    [
        "\ud800",
        "rock\udfff",
        "\x00",
        "\x00" * 500,
        "\u202erock\u202c",
        "rock " * 2_000_000,
        "x" * 10_000_000,
        "\ufdfa" * 100,
        "a" + "\u0301" * 99,
    ],
    ids=lambda tag: ascii(tag[:6]),
)
def test_hostile_tags(tag: str) -> None:
    assert genre_of(tag) in {None, "rock"}
    assert set(genres_of([(tag, 5, True)])) <= {"rock"}
    shown = canonical(tag)
    shown.encode()
    assert len(shown) <= LONGEST
    assert "\x00" not in shown


# --- A name from a service that curates -----------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Hip-Hop", "hip hop"),
        ("dance-pop", "dance pop"),
        ("escape room", "escape room"),
        ("  Pov:\t Indie\n", "pov: indie"),
        ("Zhongguo Feng", "zhongguo feng"),
        ("cafe\u0301 del mar", "café del mar"),
        ("seen live", "seen live"),
        ("nul\x00 and \ud800 lone", "nul and lone"),
        ("", ""),
        (" \x00\u200b ", ""),
        ("\ufeffROCK", "rock"),
    ],
)
def test_canonical(name: str, shown: str) -> None:
    assert canonical(name) == shown


@given(ANY_TAG)
def test_canonical_settles_at_once(name: str) -> None:
    shown = canonical(name)
    assert canonical(shown) == shown
    assert shown == (genre_of(shown) or shown)
    assert len(shown) <= LONGEST
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in shown)


# --- Many tags ------------------------------------------------------------


def free(**counts: int) -> list[tuple[str, int, bool]]:
    return [(tag.replace("_", " "), count, False) for tag, count in counts.items()]


def test_spellings_add_up() -> None:
    tags = free(trip_hop=60, downtempo=80, TripHop=30)
    assert genres_of(tags) == ("trip hop", "downtempo")
    assert genres_of(tags[:2]) == ("downtempo", "trip hop")


def test_a_spelling_given_twice_counts_once() -> None:
    repeated = [
        ("trip hop", 13, True),
        ("trip hop", 13, False),
        ("downtempo", 20, True),
    ]
    assert genres_of(repeated) == ("downtempo", "trip hop")


def test_curated_genres_come_before_free_ones() -> None:
    tags = [("dub", 100, False), ("trip hop", 2, True), ("downtempo", 1, True)]
    assert genres_of(tags) == ("trip hop", "downtempo", "dub")


def test_a_free_spelling_of_a_curated_genre_counts_for_it() -> None:
    tags = [("trip hop", 5, True), ("trip-hop", 7, False), ("dub", 9, True)]
    assert genres_of(tags) == ("trip hop", "dub")


def test_faint_genres_are_left_out() -> None:
    assert genres_of(free(shoegaze=100, emo=10, dub=9)) == ("shoegaze", "emo")
    assert genres_of([("emo", 100, True), ("dub", 9, True)]) == ("emo",)
    assert genres_of([("emo", 5, True), ("dub", 9, False)]) == ("emo", "dub")
    assert genres_of([("emo", 500, True), ("dub", 9, False)]) == ("emo",)


def test_what_is_no_genre_is_not_what_others_are_measured_by() -> None:
    assert genres_of(free(seen_live=100, dub=9)) == ("dub",)


def test_votes_against_a_genre_say_nothing() -> None:
    assert genres_of(free(dub=0, emo=-3)) == ()
    assert genres_of(free(dub=0, emo=-3, shoegaze=1)) == ("shoegaze",)


def test_a_broad_genre_stands_back_unless_it_is_twice_as_strong() -> None:
    assert genres_of(free(rock=100, shoegaze=60)) == ("shoegaze", "rock")
    assert genres_of(free(rock=100, shoegaze=40)) == ("rock", "shoegaze")
    assert genres_of(free(rock=100, jazz=60)) == ("rock", "jazz")


def test_ties_go_by_name_and_the_rest_is_cut() -> None:
    tags = free(shoegaze=7, dub=7, emo=7, fado=7, enka=7, zouk=7)
    assert genres_of(tags) == ("dub", "emo", "enka", "fado", "shoegaze")
    assert genres_of(tags, most=2) == ("dub", "emo")
    assert genres_of(iter(tags), most=99)[-1] == "zouk"
    assert genres_of([]) == ()


def test_the_order_of_tags_does_not_matter() -> None:
    tags = [
        ("dub", 9, False),
        ("trip hop", 9, True),
        ("rock", 9, True),
        ("emo", 9, True),
    ]
    assert {genres_of(each) for each in permutations(tags)} == {
        ("emo", "trip hop", "rock", "dub")
    }


@given(ROWS, st.integers(0, 8))
def test_genres_of_any_tags(rows: list[tuple[str, int, bool]], most: int) -> None:
    genres = genres_of(rows, most=most)
    named = {genre_of(tag) for tag, count, _ in rows if count > 0} - {None}
    assert len(genres) == len(set(genres)) <= most
    assert set(genres) <= named
    assert bool(genres) is bool(named and most)
    assert genres == genres_of(reversed(rows), most=most)
    assert genres == genres_of([(t, 7 * n, c) for t, n, c in rows], most=most)

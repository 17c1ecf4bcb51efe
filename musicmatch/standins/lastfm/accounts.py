"""The made-up people on Last.fm; some of them use Spotify too."""

from dataclasses import dataclass
from functools import cache

from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.tastes import Leaning, Person, Rhythm

_ABOUT_A_SEASON = 120


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account; ``days`` is how long it had been there when the stand-in began.

    ``list_size`` is the number of artists and tracks in each of its lists, and
    ``most_plays`` keeps it at that many scrobbles. ``is_hidden`` is the setting that
    keeps recent listening from others; ``is_listening`` means right now.
    """

    name: str
    kind: str
    person: Person
    days: int = _ABOUT_A_SEASON
    list_size: int = 120
    most_plays: int | None = None
    is_hidden: bool = False
    is_listening: bool = False


_SOUL = Leaning("wrenfield", ("soul", "funk", "r&b", "jazz"), eras=(1970, 1990))
_ONE_NAME = Leaning("oneplay", ("trip hop",), fame=20)
_SYNTH = Leaning("curtain", ("synth", "new wave", "post-punk"), eras=(1980,))


def _accounts() -> tuple[Account, ...]:
    spotify = all_listeners()
    return (
        Account(
            name="marisolq",
            kind="Marisol Quayvale of Spotify: the same listens, and listening now",
            person=spotify["marisol"],
            is_listening=True,
        ),
        Account(
            name="bram-hagen",
            kind="Bram från Hagen of Spotify: the same listens",
            person=spotify["bram"],
        ),
        Account(
            name="WrenField",
            kind="Soul and funk, and no Spotify",
            person=Person(
                key="wrenfield", leaning=_SOUL, rhythm=Rhythm(gap_minutes=30)
            ),
        ),
        Account(
            name="drawncurtain",
            kind="Hides recent listening",
            person=Person(
                key="drawncurtain", leaning=_SYNTH, rhythm=Rhythm(gap_minutes=60)
            ),
            is_hidden=True,
        ),
        Account(
            name="oneplay",
            kind="One artist, one track, one scrobble",
            person=Person(
                key="oneplay",
                leaning=_ONE_NAME,
                rhythm=Rhythm(gap_minutes=60),
                top_size=1,
            ),
            days=3,
            list_size=1,
            most_plays=1,
        ),
        Account(
            name="blankpage",
            kind="Nothing scrobbled",
            person=Person(key="blankpage", leaning=_SOUL, top_size=0),
            days=1,
            list_size=0,
        ),
    )


@cache
def all_accounts() -> dict[str, Account]:
    """Every account by its name in small letters: the service ignores case."""
    return {account.name.casefold(): account for account in _accounts()}

"""The made-up people on ListenBrainz; some of them use Spotify too."""

from dataclasses import dataclass
from functools import cache

from musicmatch.standins.draws import uuid
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.tastes import Leaning, Person, Rhythm

_ABOUT_A_SEASON = 120


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account; ``days`` is how long it had been there when the stand-in began.

    ``list_size`` is the number of artists and tracks in each of its lists; without
    ``has_stats`` the service has not worked them out yet.
    """

    name: str
    kind: str
    person: Person
    days: int = _ABOUT_A_SEASON
    list_size: int = 120
    has_stats: bool = True

    @property
    def token(self) -> str:
        """What the person pastes to prove that the account is theirs."""
        return uuid("listenbrainz token", self.name)


_METAL = Leaning("harrowgate", ("metal", "hardcore", "punk"), fame=0.5)
_DREAM = Leaning("dream", ("dream pop", "shoegaze", "ambient"), eras=(1990, 2010))


def _accounts() -> tuple[Account, ...]:
    spotify = all_listeners()
    return (
        Account(
            name="marisol_q",
            kind="Marisol Quayvale of Spotify: the same listens, for four months",
            person=spotify["marisol"],
        ),
        Account(
            name="Mizuno Aoi",
            kind="Mizuno Aoi of Spotify, and a name with a space in it",
            person=spotify["aoi"],
        ),
        Account(
            name="harrowgate",
            kind="Loud music, and no Spotify",
            person=Person(
                key="harrowgate", leaning=_METAL, rhythm=Rhythm(gap_minutes=20)
            ),
        ),
        Account(
            name="søvnløs",
            kind="Quiet music, and a name with marks",
            person=Person(key="sovnlos", leaning=_DREAM, rhythm=Rhythm(gap_minutes=45)),
        ),
        Account(
            name="justarrived",
            kind="Two days of listens, no statistics yet",
            person=Person(
                key="justarrived", leaning=_DREAM, rhythm=Rhythm(gap_minutes=90)
            ),
            days=2,
            has_stats=False,
        ),
        Account(
            name="emptyshelf",
            kind="Nothing listened to",
            person=Person(key="emptyshelf", leaning=_DREAM, top_size=0),
            days=1,
            list_size=0,
            has_stats=False,
        ),
    )


@cache
def all_accounts() -> dict[str, Account]:
    """Every account by the name in its address, which ignores case."""
    return {account.name.casefold(): account for account in _accounts()}

"""The fictional people who can sign in at the stand-in, and what they hear."""

from dataclasses import dataclass
from functools import cache, cached_property

from musicmatch.demo.catalogue import CatalogueArtist
from musicmatch.standins.draws import draw
from musicmatch.standins.shelf import Track
from musicmatch.standins.tastes import TIME_RANGES, Leaning, Person, Rhythm


@dataclass(frozen=True, kw_only=True)
class Listener(Person):
    """One fictional account.

    ``account_id`` and ``images`` are None when the service leaves the key out;
    ``top_size`` is the number of items per list, ``rhythm`` None means no recent
    listens. Only listeners with ``is_allow_listed`` may use the API of an app in
    development mode.
    """

    kind: str
    id: str
    account_id: str | None
    display_name: str | None
    images: tuple[int | None, ...] | None = (300, 64)
    country: str = "PT"
    product: str = "premium"
    is_allow_listed: bool = True

    @property
    def email(self) -> str:
        return f"{self.key}@listeners.example"

    @property
    def followers(self) -> int:
        return int(draw("followers", self.key) * 90)

    @cached_property
    def top_artists(self) -> dict[str, tuple[CatalogueArtist, ...]]:
        """Artists by time range, strongest first."""
        return {
            time_range: self.artists(time_range, self.top_size)
            for time_range in TIME_RANGES
        }

    @cached_property
    def top_tracks(self) -> dict[str, tuple[Track, ...]]:
        """Tracks by time range, strongest first, mostly by the top artists."""
        return {
            time_range: self.tracks(time_range, self.top_size)
            for time_range in TIME_RANGES
        }


_INDIE = Leaning("marisol", ("indie", "shoegaze", "electronic", "art"), fame=0.5)
_FOLK = Leaning("folk", ("folk", "singer-songwriter", "country"))

_TYPICAL = (
    Listener(
        key="marisol",
        kind="Heavy listener: 50 artists and 50 tracks in every range",
        id="31marisolquayvale",
        account_id="aM7rQ2vL9x",
        display_name="Marisol Quayvale",
        leaning=_INDIE,
        rhythm=Rhythm(gap_minutes=5),
    ),
    Listener(
        key="tobin",
        kind="Taste twin: the same top lists as Marisol Quayvale",
        id="31tobinashgrove",
        account_id="aT4bN8kW1z",
        display_name="Tobin Ashgrove",
        leaning=_INDIE,
        rhythm=Rhythm(gap_minutes=25),
        country="IE",
    ),
    Listener(
        key="delphine",
        kind="Mainstream: the best-known names, little else",
        id="31delphineroux",
        account_id="aD6pH3cF5y",
        display_name="Delphine Arrowsmith-Roux",
        leaning=Leaning("delphine", ("pop", "hip hop", "soul"), fame=6.0),
        rhythm=Rhythm(gap_minutes=20),
        country="FR",
        product="free",
    ),
    Listener(
        key="aoi",
        kind="Mixed eras, and a name that is not in Latin letters",
        id="31mizunoaoi",
        account_id="aA9oJ2mX7t",
        display_name="水野 あおい",
        leaning=Leaning("aoi", ("jazz", "soul"), eras=(1960, 1980, 2000, 2020)),
        rhythm=Rhythm(gap_minutes=30),
        country="JP",
    ),
    Listener(
        key="orsolya",
        kind="Niche: names that few people know",
        id="31orsolyafenwick",
        account_id="aO5sY8nD2k",
        display_name="Orsolya Fenwick",
        leaning=Leaning("orsolya", ("drone", "ambient", "noise"), fame=-4.0),
        rhythm=Rhythm(gap_minutes=60),
        country="HU",
    ),
    Listener(
        key="bram",
        kind="Loud: metal and punk, with an old account name",
        id="bram.från.hagen",
        account_id="aB1mV6hR4s",
        display_name="Bram från Hagen",
        leaning=Leaning("bram", ("metal", "punk", "hardcore"), fame=1.0),
        rhythm=Rhythm(gap_minutes=15),
        images=(None,),
        country="SE",
    ),
)

_AWKWARD = (
    Listener(
        key="nadia",
        kind="New: nothing listened to yet",
        id="31nadiafreshwater",
        account_id="aN3dW5gB8q",
        display_name="Nadia Freshwater",
        leaning=_FOLK,
        rhythm=None,
        top_size=0,
    ),
    Listener(
        key="percy",
        kind="Few: 7 artists and 7 tracks",
        id="31percyhalfmoon",
        account_id="aP8yC1lK6f",
        display_name="Percy Halfmoon",
        leaning=_FOLK,
        rhythm=Rhythm(gap_minutes=240),
        top_size=7,
        country="CA",
    ),
    Listener(
        key="quill",
        kind="No recent listens, full top lists",
        id="31quilllindqvist",
        account_id="aQ2lZ7pT3w",
        display_name="Quill Lindqvist",
        leaning=Leaning("quill", ("classical", "jazz", "ambient")),
        rhythm=None,
        country="FI",
    ),
    Listener(
        key="nameless",
        kind="No display name",
        id="31qx7k2rw9v",
        account_id="aX4nM9eJ7u",
        display_name=None,
        leaning=Leaning("nameless", ("house", "techno", "electronic")),
        rhythm=Rhythm(gap_minutes=40),
        images=(),
        country="DE",
    ),
    Listener(
        key="yulia",
        kind="No pictures key, and a name in Cyrillic letters",
        id="31yuliasnow",
        account_id="aY6uL3sG1h",
        display_name="Юлия Снегирь-Полевая",
        leaning=Leaning("yulia", ("post-punk", "wave", "synth"), eras=(1980,)),
        rhythm=Rhythm(gap_minutes=45),
        images=None,
        country="GE",
    ),
    Listener(
        key="wendell",
        kind="No account_id, only the older id",
        id="31wendellthorne",
        account_id=None,
        display_name="Wendell Okonjo-Thorne",
        leaning=Leaning("wendell", ("afrobeat", "funk", "soul", "reggae")),
        rhythm=Rhythm(gap_minutes=30),
        country="NG",
    ),
    Listener(
        key="ros",
        kind="Local files, two listens at one instant, and signs in the name",
        id="31rosandmarble",
        account_id="aR7sE4bQ9m",
        display_name="Ros & <Marble>",
        leaning=Leaning("ros", ("hip hop", "trip hop", "r&b")),
        rhythm=Rhythm(gap_minutes=10, oddities=True),
        country="GB",
    ),
    Listener(
        key="outsider",
        kind="Not on the allow-list: consent works, then every call is refused",
        id="31corneliusgate",
        account_id="aC2gS8vN5d",
        display_name="Cornelius Gatewood",
        leaning=Leaning("outsider", ("blues", "rock", "soul")),
        rhythm=Rhythm(gap_minutes=30),
        is_allow_listed=False,
    ),
)


@cache
def all_listeners() -> dict[str, Listener]:
    """Every listener by key, in the order of the consent page."""
    return {listener.key: listener for listener in _TYPICAL + _AWKWARD}

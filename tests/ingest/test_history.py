"""How far back listening is known, and what is said where it is not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from ingest.history import History, history_of
from ingest.models import Listen, ListeningMonth, Source, SourceLink
from ingest.services import Listening, listening_replace, source_link
from ingest.sources.base import ArtistItem, ListenItem, TrackItem
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
# The bars begin on this Monday and end with the week of NOW, a Sunday.
FIRST = date(2025, 11, 17)
TODAY = NOW.date()


def heard(
    person: User, source: Source, *days: date, read: datetime | None = NOW
) -> None:
    listens = tuple(
        ListenItem(
            TrackItem(f"Song {day} {source}", ArtistItem("Low")),
            datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        )
        for day in days
    )
    source_link(person_id=person.pk, source=source, now=NOW)
    SourceLink.objects.filter(person=person, source=source).update(
        latest_import_at=read
    )
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(listens=listens),
        now=NOW,
    )


def month(person: User, year: int, number: int, plays: int) -> None:
    ListeningMonth.objects.create(
        person=person,
        source=Source.EXPORT,
        month=date(year, number, 1),
        is_exact=True,
        first_at=datetime(year, number, 1, tzinfo=UTC),
        last_at=datetime(year, number, 28, tzinfo=UTC),
        plays=plays,
        artists=b"",
    )


def gap_weeks(history: History) -> list[date]:
    return [week.starts for week in history.weeks if week.is_gap]


def every_week() -> list[date]:
    return [FIRST + timedelta(days=7 * n + 2) for n in range(53)]


def test_weeks_are_counted_in_order(ada: User) -> None:
    heard(ada, Source.LASTFM, TODAY, TODAY - timedelta(days=6), FIRST)
    history = history_of(ada, NOW)
    assert len(history.weeks) == 53
    assert history.weeks[0].starts == FIRST
    assert [week.plays for week in history.weeks] == [1, *[0] * 51, 2]
    assert history.plays == 3
    assert history.weeks[-1].height == history.height
    assert history.weeks[0].height == history.height // 2


def test_silence_of_a_diary_is_silence(ada: User) -> None:
    heard(ada, Source.LASTFM, FIRST, date(2026, 3, 1))
    history = history_of(ada, NOW)
    assert gap_weeks(history) == []
    assert history.gaps == ()


def test_spotify_remembers_little(ada: User) -> None:
    away = {date(2026, 6, 3) + timedelta(days=n) for n in range(17)}
    days = [FIRST + timedelta(days=n) for n in range(371)]
    heard(ada, Source.SPOTIFY, *[day for day in days if day not in away])
    history = history_of(ada, NOW)
    assert gap_weeks(history) == [date(2026, 6, 8)]
    assert history.gaps == (
        "Nothing is known from 3 to 19 June 2026: Spotify remembers only the last"
        " 50 plays.",
    )


def test_before_the_first_play_nothing_is_known(ada: User) -> None:
    heard(ada, Source.SPOTIFY, date(2026, 11, 10))
    heard(ada, Source.LASTFM, date(2026, 10, 5))
    assert history_of(ada, NOW).gaps == (
        "Nothing is known before 5 October 2026: what Last.fm tells begins on"
        " 5 October 2026, and Spotify remembers only the last 50 plays.",
    )


def test_a_source_that_needs_a_consent_leaves_the_end_open(ada: User) -> None:
    read = NOW - timedelta(days=60)
    heard(ada, Source.SPOTIFY, *every_week()[:40], read=read)
    links = SourceLink.objects.filter(person=ada)
    links.update(state=SourceLink.State.NEEDS_RECONNECT)
    [sentence] = history_of(ada, NOW).gaps
    assert sentence == (
        "Nothing is known since 24 September 2026: Spotify has to be connected again."
    )


def test_a_service_that_was_asked_and_had_nothing_is_known(ada: User) -> None:
    heard(ada, Source.SPOTIFY, *every_week()[:40])
    assert history_of(ada, NOW).gaps == ()


def test_a_source_that_is_switched_off_tells_nothing(ada: User) -> None:
    heard(ada, Source.LASTFM, *every_week())
    SourceLink.objects.filter(person=ada).update(is_used=False)
    history = history_of(ada, NOW)
    assert history.plays == 0
    assert history.gaps == (
        "Nothing is known of the last 12 months: Last.fm is switched off.",
    )


def test_one_play_of_two_sources_counts_once(ada: User) -> None:
    heard(ada, Source.LASTFM, TODAY)
    heard(ada, Source.SPOTIFY, TODAY)
    Listen.objects.filter(source=Source.LASTFM).update(is_echo=True)
    assert history_of(ada, NOW).plays == 1


def test_months_of_an_upload_are_shown_and_known(ada: User) -> None:
    source_link(person_id=ada.pk, source=Source.EXPORT, now=NOW)
    for number in range(1, 4):
        month(ada, 2026, number, 100 * number)
    month(ada, 2016, 5, 7)
    history = history_of(ada, NOW)
    assert [(row.month.year, row.plays) for row in history.months] == [
        (2026, 300),
        (2026, 200),
        (2026, 100),
        (2016, 7),
    ]
    known = [w.starts for w in history.weeks if not w.is_gap]
    assert (known[0], known[-1]) == (date(2025, 12, 29), date(2026, 3, 23))
    SourceLink.objects.filter(person=ada).update(is_used=False)
    assert history_of(ada, NOW).months == ()


def test_nothing_at_all(ada: User) -> None:
    history = history_of(ada, NOW)
    assert not history.has_any
    assert history.sources == ()


def test_weeks_are_those_of_the_persons_clock(ada: User) -> None:
    listens = (
        ListenItem(
            TrackItem("Words", ArtistItem("Low")),
            datetime(2026, 11, 15, 23, 30, tzinfo=UTC),
        ),
    )
    source_link(person_id=ada.pk, source=Source.LASTFM, now=NOW)
    listening_replace(
        person_id=ada.pk,
        source=Source.LASTFM,
        listening=Listening(listens=listens),
        now=NOW,
    )
    with timezone.override("Europe/Oslo"):
        assert history_of(ada, NOW).weeks[-1].plays == 1
    assert history_of(ada, NOW).weeks[-2].plays == 1


def test_ages_of_sources(ada: User) -> None:
    heard(ada, Source.SPOTIFY, TODAY, read=NOW - timedelta(hours=9))
    SourceLink.objects.update(
        latest_recent_at=NOW - timedelta(hours=1),
        next_import_at=NOW + timedelta(hours=15),
    )
    [age] = history_of(ada, NOW).sources
    assert (age.latest_at, age.next_at) == (
        NOW - timedelta(hours=1),
        NOW + timedelta(hours=15),
    )
    SourceLink.objects.update(state=SourceLink.State.NEEDS_RECONNECT)
    assert history_of(ada, NOW).sources[0].next_at is None


def test_the_drawing_has_a_table_twin(ada: User) -> None:
    heard(ada, Source.SPOTIFY, TODAY)
    history = history_of(ada, NOW)
    html = render_to_string("ingest/_gaps.html", {"history": history})
    assert html.count("data-gap=") == len(gap_weeks(history)) == 52
    assert html.count("not known") == 52
    assert "Spotify remembers only the last 50 plays." in html
    assert "1 play in all." in html


def test_the_cost_does_not_grow(ada: User, ben: User) -> None:
    counts: list[int] = []
    for person, weeks in ((ada, 3), (ben, 53)):
        for source in (Source.SPOTIFY, Source.LASTFM):
            heard(person, source, *every_week()[:weeks])
        with CaptureQueriesContext(connection) as caught:
            history_of(person, NOW)
        counts.append(len(caught))
    assert counts == [4, 4]


@pytest.mark.parametrize("day", ["2026-01-01", "2027-03-01", "2028-02-29"])
def test_any_day_has_its_53_weeks(day: str, ada: User, settings: Any) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    weeks = history_of(ada, moment).weeks
    assert weeks[-1].starts <= moment.date() < weeks[-1].starts + timedelta(days=7)
    assert len({week.starts for week in weeks}) == 53

"""What was kept long enough goes, what was not stays, and the privacy page says so."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import keeping
from accounts.models import Invitation, SpotifyGrant, User
from ingest.models import ImportRun, Listen, Source, SourceLink, TopArtist, Track
from ingest.services import Listening, listening_replace, source_link
from ingest.services.links import link_empty
from ingest.sources.base import ArtistItem, ListenItem, TrackItem
from matching.models import FairnessReport, PreselectRecall, Taste
from musicmatch.care import retention
from musicmatch.models import CareRun
from musicmatch.tasks import retain_task
from social.models import Mail
from tests.conftest import NOW

DAY = timedelta(days=1)
TRACK = TrackItem("Glory Box", ArtistItem("Portishead"))


def run(now: datetime = NOW, seconds: float = 60) -> dict[str, int]:
    """Delete what is due, and return what there was any of."""
    facts = retention.retention_run(clock=lambda: now, seconds=seconds).facts
    return {name: count for name, count in facts.items() if count}


def listens(person: User, *ages: timedelta, source: Source = Source.LASTFM) -> None:
    """Write plays of these ages, as an import of then would have."""
    source_link(person_id=person.pk, source=source, now=NOW)
    for age in ages:
        moment = NOW - age
        listening_replace(
            person_id=person.pk,
            source=source,
            listening=Listening(listens=(ListenItem(TRACK, moment),)),
            now=moment,
        )


# --- Each thing, to the day -------------------------------------------------


def test_listens_of_a_year(ada: User) -> None:
    listens(ada, keeping.LISTENS - DAY, keeping.LISTENS + DAY)
    assert run() == {"listens": 1}
    assert Listen.objects.get().listened_at == NOW - keeping.LISTENS + DAY


def test_an_import_brings_none_that_would_go_at_once(ada: User) -> None:
    old, new = (
        ListenItem(TRACK, NOW - keeping.LISTENS + by) for by in (-DAY, timedelta())
    )
    source_link(person_id=ada.pk, source=Source.LASTFM, now=NOW)
    written = listening_replace(
        person_id=ada.pk,
        source=Source.LASTFM,
        listening=Listening(listens=(old, new)),
        now=NOW,
    )
    assert written.listens == 1
    assert Listen.objects.get().listened_at == new.listened_at
    assert run() == {}


def test_tracks_that_nobody_has(ada: User) -> None:
    listens(ada, DAY, keeping.LISTENS + DAY)
    other = TrackItem("Roads", ArtistItem("Portishead"))
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=NOW)
    listening_replace(
        person_id=ada.pk,
        source=Source.SPOTIFY,
        listening=Listening(artists={}, tracks={"long_term": (other,)}),
        now=NOW,
    )
    alone = Track.objects.create(
        name="Alone", name_key="alone", artist=Track.objects.first().artist
    )
    assert run() == {"listens": 1, "tracks": 1}
    assert not Track.objects.filter(pk=alone.pk).exists()
    assert {track.name for track in Track.objects.all()} == {"Glory Box", "Roads"}


def test_a_track_that_an_import_took_up_meanwhile_stays(ada: User) -> None:
    listens(ada, DAY)
    track = Track.objects.get()
    assert retention._delete_tracks([track.pk], NOW) == 0
    assert Listen.objects.get().track == track


def test_imports_that_ended_long_ago(ada: User) -> None:
    def ended(age: timedelta, **changes: Any) -> ImportRun:
        moment = NOW - age
        values = {"state": "done", "finished_at": moment, **changes}
        return ImportRun.objects.create(
            person=ada, source="lastfm", queued_at=moment, **values
        )

    ended(keeping.IMPORT_RUNS + DAY)
    ended(keeping.IMPORT_RUNS + DAY, state="failed")
    kept = [
        ended(keeping.IMPORT_RUNS - DAY),
        ended(keeping.IMPORT_RUNS + DAY, state="waiting", finished_at=None),
    ]
    assert run() == {"import_runs": 2}
    assert set(ImportRun.objects.all()) == set(kept)


def test_notes_about_mails(ada: User) -> None:
    def note(key: str, created: timedelta, sent: timedelta | None) -> Mail:
        return Mail.objects.create(
            person=ada,
            topic="requests",
            key=key,
            created_at=NOW - created,
            sent_at=None if sent is None else NOW - sent,
        )

    old, new = keeping.MAILS + DAY, keeping.MAILS - DAY
    note("sent long ago", old, old)
    note("never sent", old, None)
    kept = {note("sent late", old, new), note("to be sent", new, None)}
    assert run() == {"mails": 2}
    assert set(Mail.objects.all()) == kept


def test_sessions_that_are_over(ada: User, client: Client) -> None:
    client.force_login(ada)
    kept = Session.objects.get()
    Session.objects.filter(pk=kept.pk).update(expire_date=NOW + DAY)
    Session.objects.create(session_key="over", expire_date=NOW - DAY)
    assert run() == {"sessions": 1}
    assert Session.objects.get() == kept


def test_what_the_admin_site_noted(ada: User) -> None:
    for age in (keeping.ADMIN_LOG + DAY, keeping.ADMIN_LOG - DAY):
        entry = LogEntry.objects.create(user=ada, action_flag=CHANGE, object_repr="x")
        LogEntry.objects.filter(pk=entry.pk).update(action_time=NOW - age)
    assert run() == {"admin_log": 1}


def test_invitations_that_are_over(db: None) -> None:
    for number, age in enumerate(
        (keeping.INVITATIONS + DAY, keeping.INVITATIONS - DAY)
    ):
        Invitation.objects.create(
            digest=f"digest {number}", made_at=NOW - 90 * DAY, expires_at=NOW - age
        )
    assert run() == {"invitations": 1}
    assert Invitation.objects.get().digest == "digest 1"


def test_figures_of_more_than_a_year(db: None) -> None:
    for number, age in enumerate((keeping.FIGURES + DAY, keeping.FIGURES - DAY)):
        at = NOW - age
        FairnessReport.objects.create(
            made_at=at, people=9, sampled=9, index_built_at=at, score_version=number
        )
        PreselectRecall.objects.create(
            measured_at=at, people=9, sampled=9, recall=1, candidates=9
        )
        CareRun.objects.create(kind="backup", started_at=at, finished_at=at)
    assert run() == {"fairness_reports": 1, "preselect_recalls": 1, "care_runs": 1}


# --- Spotify ----------------------------------------------------------------


def connect_spotify(person: User, *, imported: timedelta | None, **link: Any) -> int:
    source = Source.SPOTIFY
    source_link(person_id=person.pk, source=source, now=NOW - 200 * DAY)
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(
            artists={"long_term": (ArtistItem("Portishead", spotify_id="a1"),)},
            tracks={"long_term": (TRACK,)},
            listens=(ListenItem(TRACK, NOW - DAY),),
        ),
        now=NOW,
    )
    rows = SourceLink.objects.filter(person=person, source=source)
    at = None if imported is None else NOW - imported
    rows.update(latest_import_at=at, **link)
    return rows.get().pk


@pytest.mark.parametrize("imported", [keeping.SPOTIFY_UNREFRESHED + DAY, None])
def test_spotify_rows_that_could_not_be_read_anew(
    ada: User, ben: User, imported: timedelta | None
) -> None:
    connect_spotify(ada, imported=imported, state="needs_reconnect")
    listens(ada, DAY)
    kept = connect_spotify(ben, imported=keeping.SPOTIFY_UNREFRESHED - DAY)
    before = Taste.objects.get(person=ada)

    assert run() == {"spotify_unrefreshed": 1}

    of_ada = {"person": ada, "source": Source.SPOTIFY}
    assert not TopArtist.objects.filter(**of_ada).exists()
    assert not Listen.objects.filter(**of_ada).exists()
    # What others gave stays, and so does the link, with the way to connect anew.
    assert Listen.objects.get(person=ada).source == Source.LASTFM
    assert not Listen.objects.get(person=ada).is_echo
    assert SourceLink.objects.get(**of_ada).state == "needs_reconnect"
    after = Taste.objects.get(person=ada)
    assert after.seq > before.seq
    assert not after.has_spotify
    assert TopArtist.objects.get(source=Source.SPOTIFY).person == ben
    assert not link_empty(link_id=kept, now=NOW)
    assert run() == {}


def test_the_token_of_a_consent_that_is_over(ada: User, ben: User) -> None:
    for person, age in ((ada, 190 * DAY), (ben, 180 * DAY)):
        connect_spotify(person, imported=DAY, is_used=False)
        SpotifyGrant.objects.create(
            person=person,
            access_token="access",
            refresh_token="refresh",
            authorized_at=NOW - age,
            expires_at=NOW,
        )
    assert run() == {"consents": 1}
    over, valid = SpotifyGrant.objects.order_by("authorized_at")
    assert (over.access_token, over.refresh_token) == ("", "")
    assert over.state == SpotifyGrant.State.NEEDS_RECONNECT
    link = SourceLink.objects.get(person=ada)
    assert link.state == SourceLink.State.NEEDS_RECONNECT
    assert valid.refresh_token == "refresh"
    assert run() == {}


# --- The run itself ---------------------------------------------------------


def test_it_is_noted_and_logged_and_done_twice_is_done_once(
    ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    listens(ada, keeping.LISTENS + DAY)
    caplog.set_level("INFO", "musicmatch.care.retention")
    assert run() == {"listens": 1, "tracks": 1}
    assert caplog.messages == ["Kept long enough: listens 1, tracks 1."]
    assert run() == {}
    whole, counted = CareRun.objects.order_by("pk")
    assert counted.is_whole
    assert whole.facts["listens"] == 1


def test_a_run_whose_time_is_up_goes_on(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    listens(ada, *(keeping.LISTENS + n * DAY for n in range(1, 6)))
    assert run(seconds=-1) == {}
    assert not CareRun.objects.get().is_whole
    assert retention.retention_is_due(now=NOW)
    assert run() == {"listens": 5, "tracks": 1}
    assert not retention.retention_is_due(now=NOW)
    assert retention.retention_is_due(now=NOW + retention.EVERY)


def test_a_dry_run_changes_nothing(ada: User) -> None:
    old = NOW - keeping.LISTENS - 100 * DAY
    listens(ada, NOW - old)
    out = StringIO()
    call_command("retain", "--dry-run", stdout=out)
    assert "1 old listens are due" in out.getvalue()
    assert Listen.objects.count() == 1
    assert not CareRun.objects.exists()
    out = StringIO()
    call_command("retain", stdout=out)
    assert "1 old listens deleted" in out.getvalue()
    assert not Listen.objects.exists()


def test_the_task_runs_once_a_day_and_alone(ada: User) -> None:
    listens(ada, keeping.LISTENS + 100 * DAY)
    cache.add("retention-runs", 1, 60)
    retain_task()
    assert not CareRun.objects.exists()
    cache.delete("retention-runs")
    retain_task()
    retain_task()
    assert CareRun.objects.get().facts["listens"] == 1
    assert "musicmatch.tasks.retain_task" in {
        entry["task"] for entry in site.CELERY_BEAT_SCHEDULE.values()
    }


def test_every_rule_asks_again_before_it_deletes(ada: User) -> None:
    """A key that is not due, or no longer, is left alone."""
    listens(ada, DAY)
    kept = Listen.objects.get().pk
    rules = {rule.name: rule for rule in retention.RULES}
    assert rules["listens"].delete([kept], NOW) == 0
    assert Listen.objects.get().pk == kept


def test_the_privacy_page_says_how_long(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page() -> str:
        return " ".join(client.get(reverse("about_privacy")).content.decode().split())

    for name in ("LISTENS", "SPOTIFY_UNREFRESHED", "IMPORT_RUNS", "MAILS", "ADMIN_LOG"):
        before = page()
        monkeypatch.setattr(keeping, name, timedelta(days=12_345))
        assert "12345 days" not in before
        assert "12345 days" in page(), name
        monkeypatch.undo()


def test_the_admin_site_shows_what_was_deleted(admin_client: Client) -> None:
    CareRun.objects.create(
        kind="retention",
        started_at=NOW,
        finished_at=NOW,
        facts={"listens": 12, "tracks": 0},
    )
    client = admin_client
    client.defaults["HTTP_HOST"] = "127.0.0.1:8000"
    listed = client.get(reverse("admin:musicmatch_carerun_changelist"))
    assert b"listens: 12" in listed.content
    assert b"tracks" not in listed.content.partition(b"result_list")[2]
    run = CareRun.objects.get()
    shown = client.get(reverse("admin:musicmatch_carerun_change", args=[run.pk]))
    assert b"listens: 12" in shown.content
    assert b'name="_save"' not in shown.content

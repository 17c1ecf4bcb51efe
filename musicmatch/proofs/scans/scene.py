"""People in every state that a page can show, made by the services."""

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.models import User
from accounts.services import account_close, artists_show
from ingest.models import Artist, ImportRun, Source
from ingest.services import source_link
from musicmatch.proofs.population import session_of
from social.models import Connection, Notice, Thread
from social.reportable import reportable_or_404
from social.services import (
    Statement,
    appeal_create,
    block_create,
    connection_request,
    message_send,
    person_warn,
    report_create,
)

_PEOPLE = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """Cookies of who looks, and values for parts of addresses."""

    cookie: str
    member: str
    moderator: str
    values: dict[str, list[str]]

    @classmethod
    def read(cls, path: Path) -> "Scene":
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        # Whoever reads it is signed in as both.
        path.chmod(0o600)


def scene_make(*, now: datetime) -> Scene:
    """Make people of the demonstration, and let one of them live through everything."""
    call_command("seed_demo", people=_PEOPLE, verbosity=0)
    people = list(User.objects.filter(origin=User.Origin.DEMO).order_by("pk"))
    moderator, me, friend, asker, asked, blocked, leaver, *_ = people[-20:]
    moderator.is_staff = moderator.is_superuser = True
    moderator.save(update_fields=["is_staff", "is_superuser"])
    moderator.groups.add(Group.objects.get(name="Moderators"))
    artists_show(person=me)
    _talk(me, friend, now)
    connection_request(requester=asker, addressee=me, note="Hello there", now=now)
    connection_request(requester=me, addressee=asked, note="Hello there", now=now)
    block_create(blocker=me, blocked=blocked, now=now)
    _warned(me, friend, moderator, now)
    thread = _talk(me, leaver, now)
    account_close(person=leaver, now=now)
    run = _import(me, now)
    pairs = Connection.objects.of(me.pk)
    values = {
        "handle": [str(p.handle) for p in (friend, asker, asked, me)],
        "connection_id": [str(pair.public_id) for pair in pairs],
        "thread_id": [str(thread.public_id)],
        "notice_id": [str(n.public_id) for n in Notice.objects.of(me.pk)],
        "run_id": [str(run.pk)],
        "pk": [str(Artist.objects.filter(top_artist_rows__person=me)[0].pk)],
        "source": ["listenbrainz", "lastfm", "manual", "demo"],
        "token": ["none"],
        "key": ["none"],
        "uidb36": ["1"],
    }
    cookie = settings.SESSION_COOKIE_NAME
    return Scene(cookie, session_of(me), session_of(moderator), values)


def _talk(me: User, other: User, now: datetime) -> Thread:
    connection_request(requester=me, addressee=other, now=now)
    connection_request(requester=other, addressee=me, now=now)
    for number in range(60):
        sender, recipient = (me, other) if number % 2 else (other, me)
        message = message_send(
            sender=sender,
            recipient=recipient,
            body=f"Message {number}, and what I think of that record.",
            once_key=uuid.uuid4(),
            now=now + timedelta(seconds=number),
        )
    return message.thread


def _warned(me: User, reporter: User, moderator: User, now: datetime) -> None:
    for by, about in ((reporter, me), (me, reporter)):
        report, _ = report_create(
            reporter=by,
            thing=reportable_or_404(by, about.handle or "", {}),
            reason="spam",
            words="Again and again.",
            may_read_messages=True,
            now=now,
        )
        if about == me:
            statement = Statement(rule="no_spam", reason="It is one.", facts="A talk.")
            person_warn(
                report_id=report.pk, actor=moderator, statement=statement, now=now
            )
    notice = Notice.objects.get(person=me, kind=Notice.Kind.DECISION)
    appeal_create(notice=notice, words="It was not.", now=now)


def _import(person: User, now: datetime) -> ImportRun:
    source_link(
        person_id=person.pk,
        source=Source.LISTENBRAINZ,
        user_name="harrowgate",
        now=now,
    )
    return ImportRun.objects.create(
        person=person,
        source=Source.LISTENBRAINZ,
        state=ImportRun.State.FAILED,
        stage_label="Stopped",
        reason="It did not answer.",
        queued_at=now,
        finished_at=now,
    )

"""Someone with rows in every table that can hold one of theirs."""

import uuid
from datetime import UTC, date, datetime, timedelta

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from accounts.models import SpotifyGrant, User
from ingest.models import (
    Artist,
    ArtistPair,
    ArtistSound,
    AudioFeatures,
    ImportRun,
    Listen,
    ListeningMonth,
    MutedArtist,
    Source,
    TopTrack,
    Track,
    UploadPart,
)
from ingest.names import name_key
from ingest.services import source_link
from ingest.services.uploads import uploads_kept
from ingest.sources.export import Listened, Month, pack_month
from social.models import Appeal, Connection, Mail, ModerationAction, Notice, Report
from social.reportable import reportable_or_404
from social.services import (
    appeal_create,
    block_create,
    connection_decline,
    connection_request,
    mail_choices_update,
    report_create,
)
from social.services.moderation_log import Statement, action_write
from tests.factories import make_taste
from tests.factories.threads import make_connection, say

_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
# Text no other page of the site has.
WORDS = "Palimpsest"


def lead_life(
    person: User, *, friend: User, stranger: User, enemy: User, asker: User
) -> None:
    """Let a person do everything that leaves a row behind.

    They are connected with ``friend``, asked and reported ``stranger``, blocked
    ``enemy``, and ``asker`` asked them. Each of the others has something of their own.
    """
    sign_in_everywhere(person)
    listen(person)
    _write(person, friend)
    connection_request(requester=person, addressee=stranger, note=WORDS, now=_NOW)
    connection_request(requester=asker, addressee=person, note="Let me ask", now=_NOW)
    _report(person, stranger, words=WORDS)
    _report(friend, person, words="Not nice.")
    block_create(blocker=person, blocked=enemy, now=_NOW)
    block_create(blocker=enemy, blocked=person, now=_NOW)
    _decisions(person, stranger)


def sign_in_everywhere(person: User) -> None:
    client = Client()
    client.force_login(person)
    address = f"{person.handle}@example.org"
    User.objects.filter(pk=person.pk).update(email=address)
    person.refresh_from_db()
    email = EmailAddress.objects.create(
        user=person, email=address, primary=True, verified=True
    )
    EmailConfirmation.objects.create(email_address=email, key=f"key-{person.pk}")
    account = SocialAccount.objects.create(
        user=person,
        provider="spotify",
        uid=f"uid-{person.handle}",
        extra_data={"id": f"uid-{person.handle}", "display_name": person.handle},
    )
    SocialToken.objects.create(account=account, token="secret-token")
    SpotifyGrant.objects.create(
        person=person,
        access_token="secret-access",
        refresh_token="secret-refresh",
        authorized_at=_NOW,
        expires_at=_NOW + timedelta(hours=1),
    )
    person.groups.add(Group.objects.get(name="Moderators"))
    person.user_permissions.add(Permission.objects.get(codename="view_artist"))
    for target, entry in ((person, person), (email, person)):
        LogEntry.objects.create(
            user=entry,
            content_type=ContentType.objects.get_for_model(target),
            object_id=str(target.pk),
            object_repr=str(target),
            action_flag=CHANGE,
        )


def listen(person: User) -> None:
    make_taste(person, ["Portishead", "Grouper", "Sade"], genres=["trip hop"])
    artist = Artist.objects.get(name="Grouper")
    track, _ = Track.objects.get_or_create(
        name="Holding", name_key=name_key("Holding"), artist=artist
    )
    AudioFeatures.objects.get_or_create(track=track, source="demo", tempo=90.0)
    ArtistSound.objects.get_or_create(artist=artist, source="demo", tempo=90.0)
    shared = {"person": person, "source": Source.EXPORT}
    source_link(
        person_id=person.pk, source=Source.EXPORT, user_name=person.handle, now=_NOW
    )
    TopTrack.objects.create(time_range="long_term", rank=1, track=track, **shared)
    Listen.objects.create(track=track, listened_at=_NOW, **shared)
    first = int(_NOW.timestamp())
    month = Month(first, first, {artist.pk: Listened(7, 7000)}, is_exact=True)
    ListeningMonth.objects.create(
        month=date(2026, 11, 1),
        is_exact=True,
        first_at=_NOW,
        last_at=_NOW,
        plays=7,
        artists=pack_month(month),
        **shared,
    )
    run = ImportRun.objects.create(queued_at=_NOW, staged={"files": []}, **shared)
    UploadPart.objects.create(
        run_id=run.pk, file=0, place=0, data=b"waits to be read", kept_at=_NOW
    )
    MutedArtist.objects.create(
        person=person, artist=artist, is_counted=False, created_at=_NOW
    )
    low, high = sorted(
        (artist, Artist.objects.get(name="Sade")), key=lambda one: one.pk
    )
    ArtistPair.objects.update_or_create(
        artist=low,
        other=high,
        defaults={"reason": "alike", "noticed_at": _NOW, "decided_by": person},
    )


def uploads() -> list[uuid.UUID]:
    return list(uploads_kept())


def _write(person: User, friend: User) -> None:
    make_connection(person, friend)
    say(friend, person, "Written by the friend")
    say(person, friend, WORDS)
    say(friend, person, "Written later by the friend")
    say(person, friend, f"{WORDS} again")


def _report(reporter: User, person: User, *, words: str) -> Report:
    report, _ = report_create(
        reporter=reporter,
        thing=reportable_or_404(reporter, person.handle or "", {}),
        reason="spam",
        words=words,
        may_read_messages=True,
        now=_NOW,
    )
    return report


def _decisions(person: User, other: User) -> None:
    """Decide about the person, and let the person decide about the other one."""
    about = {person: other, other: person}
    for judged, actor in about.items():
        statement = Statement(rule="respect", reason="It hurt.", facts="A message.")
        action = _action(actor, judged, statement)
        notice = Notice.objects.create(
            person=judged, action=action, kind="decision", facts="F", created_at=_NOW
        )
        appeal = appeal_create(notice=notice, words=WORDS, now=_NOW)
        Appeal.objects.filter(pk=appeal.pk).update(
            state="upheld", decided_at=_NOW, decided_by=actor
        )
    mail_choices_update(person=person, wanted=())
    Mail.objects.create(person=person, topic="requests", key="k", created_at=_NOW)


def _action(actor: User, judged: User, statement: Statement) -> ModerationAction:
    return action_write(
        verb="warn",
        actor=actor,
        statement=statement,
        person=judged,
        report=None,
        now=_NOW,
    )


def rest(asker: User, addressee: User) -> Connection:
    """Let someone ask, and be declined."""
    connection_request(requester=asker, addressee=addressee, note="Please", now=_NOW)
    pair = Connection.objects.between(asker.pk, addressee.pk).get()
    connection_decline(connection=pair, person=addressee, now=_NOW)
    return pair

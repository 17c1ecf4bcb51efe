"""Short ways to write, to report and to decide, at a moment of one's own."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from social import services
from social.models import Connection, Message, ModerationAction, Notice, Report
from social.reportable import reportable_or_404
from social.services import Statement, message_send
from tests.conftest import HOST, NOW
from tests.factories import make_person

LATER = NOW + timedelta(days=7)
NO_RULE = Statement(rule="none", reason="It is a joke between the two.")
RESPECT = Statement(
    rule="respect", reason="It insults a person.", facts="A message of 22 November."
)


def make_moderator(handle: str = "mod_one") -> User:
    """Make staff who are in the group, and hold no other right."""
    person = make_person(handle, is_staff=True)
    person.groups.add(moderators())
    return person


def moderators() -> Group:
    return Group.objects.get(name="Moderators")


def make_chief(handle: str = "chief_one") -> User:
    return make_person(handle, is_staff=True, is_superuser=True)


def connect(a: User, b: User, note: str = "") -> Connection:
    return Connection.objects.create(
        requester=a,
        addressee=b,
        state=Connection.State.ACCEPTED,
        note=note,
        requested_at=NOW,
        changed_at=NOW,
        accepted_at=NOW,
        seen_at=NOW,
    )


def write(sender: User, recipient: User, body: str, at: datetime = NOW) -> Message:
    return message_send(
        sender=sender, recipient=recipient, body=body, once_key=uuid.uuid4(), now=at
    )


def report(
    reporter: User,
    person: User,
    *,
    at: datetime = NOW,
    reason: str = "harassment",
    words: str = "",
    may_read: bool = False,
    **asked: Any,
) -> Report:
    thing = reportable_or_404(
        reporter, person.handle or "", {name: str(key) for name, key in asked.items()}
    )
    made, _ = services.report_create(
        reporter=reporter,
        thing=thing,
        reason=reason,
        words=words,
        may_read_messages=may_read,
        now=at,
    )
    return made


def decide(
    verb: Any,
    case: Report,
    actor: User,
    statement: Statement = RESPECT,
    at: datetime = NOW,
    **more: Any,
) -> ModerationAction:
    done: ModerationAction = verb(
        report_id=case.pk, actor=actor, statement=statement, now=at, **more
    )
    return done


def suspended(
    person: User, reporter: User, actor: User, until: datetime = LATER
) -> ModerationAction:
    """Report a person and suspend them."""
    case = report(reporter, person)
    action = decide(services.person_suspend, case, actor, until=until)
    person.refresh_from_db()
    return action


def told(person: User) -> list[tuple[str, str]]:
    rows = Notice.objects.of(person.pk).order_by("pk")
    return list(rows.values_list("kind", "action__verb"))


def page_of(row: Any) -> str:
    """The page of a row in the admin site."""
    return f"/admin/social/{row._meta.model_name}/{row.pk}/change/"


def signed_in(person: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(person)
    return client

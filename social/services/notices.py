"""Telling people what was decided."""

from datetime import datetime

from accounts.models import User
from social import events
from social.models import ModerationAction, Notice


def notice_give(
    *,
    person: User,
    action: ModerationAction,
    kind: str,
    now: datetime,
    facts: str = "",
) -> Notice:
    """Tell one person of one decision, once; the mail follows the commit."""
    notice, is_new = Notice.objects.get_or_create(
        person=person,
        action=action,
        kind=kind,
        defaults={"facts": facts, "created_at": now},
    )
    if is_new:
        events.decision_made(notice.pk)
    return notice


def notice_see(*, notice: Notice, now: datetime) -> None:
    """Note when its person first had the notice on a page."""
    if notice.is_new:
        unseen = Notice.objects.unseen().filter(pk=notice.pk)
        unseen.update(seen_at=now)

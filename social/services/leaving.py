"""What someone leaves behind between people, made fit to stay without them."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from social.models import Appeal, Message, Report, Thread, ThreadSide


@transaction.atomic
def person_leave(*, person_id: int) -> None:
    """Take a person out of cases and conversations, before their account goes.

    Cases stay without their name; the other side of a thread keeps its own messages.
    """
    _hold(person_id)
    for report in _cases_of(person_id):
        report.snapshot = _unnamed(report, person_id)
        report.save(update_fields=["snapshot"])
    _leave_threads(person_id)


def _hold(person_id: int) -> None:
    """Lock cases before their people, as moderators do, then the person.

    And what they wrote before the sides it is counted on, as its readers do.
    """
    appeals = Appeal.objects.select_for_update(of=("self",))
    for rows in (
        _cases_of(person_id).select_for_update(),
        appeals.filter(notice__person=person_id).order_by("pk"),
        User.objects.select_for_update().filter(pk=person_id),
        Message.objects.select_for_update().filter(sender=person_id).order_by("pk"),
    ):
        list(rows.values_list("pk"))


def _cases_of(person_id: int) -> QuerySet[Report]:
    mine = Q(reporter=person_id) | Q(person=person_id)
    return Report.objects.filter(mine).order_by("pk")


def _unnamed(report: Report, person_id: int) -> dict[str, object]:
    """Return the snapshot without who leaves: what was reported is what stays."""
    snapshot = dict(report.snapshot)
    if report.person_id == person_id:
        is_profile = report.subject == Report.Subject.PROFILE
        bio = snapshot["person"]["bio"] if is_profile else ""
        snapshot["person"] = {"handle": "", "display_name": "", "bio": bio}
    elif "messages" in snapshot:
        lines = snapshot["messages"]
        snapshot["messages"] = [at for at in lines if at["from"] != "reporter"]
    return snapshot


def _leave_threads(person_id: int) -> None:
    """Delete conversations in which nobody else wrote, and shorten the others."""
    threads = Thread.objects.filter(Q(low=person_id) | Q(high=person_id))
    theirs = Message.objects.filter(thread=OuterRef("pk")).exclude(sender=person_id)
    threads.exclude(Exists(theirs)).delete()
    own = Message.objects.filter(thread=OuterRef("thread"), sender=OuterRef("person"))
    last = own.newest_first()
    ThreadSide.objects.filter(other=person_id).update(
        unread=0,
        last_message=Subquery(last.values("pk")[:1]),
        last_message_at=Subquery(last.values("sent_at")[:1]),
    )

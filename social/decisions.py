"""What belongs to a notice: the report or the appeal it answers, and who decides."""

from social.models import Notice, Report
from social.services import deciders_of


def report_told_by(notice: Notice) -> Report | None:
    """Return the person's own report that a notice says was decided."""
    if notice.kind != Notice.Kind.REPORT:
        return None
    made = Report.objects.filter(reporter=notice.person_id)
    return made.filter(decided_at=notice.created_at).order_by("pk").first()


def notice_answered_by(notice: Notice) -> Notice | None:
    """Return the decision whose appeal a notice says was decided."""
    if notice.kind != Notice.Kind.APPEAL:
        return None
    mine = Notice.objects.of(notice.person_id).with_decision()
    return mine.filter(appeal__decided_at=notice.created_at).order_by("pk").first()


def others_decide(notice: Notice) -> bool:
    """Whether an appeal goes to someone who did not make the decision."""
    return deciders_of(notice).exclude(moderation_actions=notice.action).exists()

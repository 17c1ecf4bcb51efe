"""What happened between people that a mail may tell of.

Whoever is quick sees it on the site first: most mails wait a few minutes, and whether
one is still wanted is asked when it goes out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.db import transaction

from social.models import Topic

WAIT = timedelta(minutes=5)
_AT_ONCE = timedelta(0)
_is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)


def request_made(connection_id: int) -> None:
    """Someone asked to connect."""
    _queue(Topic.REQUESTS, connection_id, WAIT)


def request_accepted(connection_id: int) -> None:
    """Someone said yes to a request."""
    _queue(Topic.ACCEPTED, connection_id, WAIT)


def message_sent(message_id: int) -> None:
    """Someone wrote a message."""
    _queue(Topic.MESSAGES, message_id, WAIT)


def decision_made(notice_id: int) -> None:
    """Moderators decided something about someone."""
    _queue(Topic.DECISIONS, notice_id, _AT_ONCE)


@contextmanager
def untold() -> Iterator[None]:
    """Tell of nothing that happens inside: it was made up, and nobody waits for it."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def _queue(topic: Topic, subject_id: int, wait: timedelta) -> None:
    """Leave the mail to a worker, after commit. A broker that is away costs the mail.

    What it would have said is on the site.
    """
    if _is_quiet.get():
        return

    def send() -> None:
        from social.tasks import mail_task

        mail_task.apply_async(
            kwargs={"topic": topic.value, "subject_id": subject_id},
            countdown=wait.total_seconds(),
        )

    transaction.on_commit(send, robust=True)

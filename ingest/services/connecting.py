"""Connecting a source by asking its service whose profile it is."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import gate
from ingest.models import ImportRun, Source
from ingest.services import doors, words
from ingest.services.links import profile_leave, source_link
from ingest.services.runs import run_queue
from ingest.services.turns import Clock
from ingest.sources.base import (
    Access,
    AppRefused,
    AuthorizationRevoked,
    NotAllowed,
    Proof,
    RateLimited,
    SourceUnavailable,
)

logger = logging.getLogger(__name__)

# Somebody looks at an empty page meanwhile.
_PATIENCE = timedelta(seconds=3)


class CannotConnect(Exception):
    """The source could not be connected; the message says why, to the person.

    ``about`` names what was wrong, "token" or "user_name"; "" when it was neither.
    """

    def __init__(self, message: str, *, about: str = "") -> None:
        super().__init__(message)
        self.about = about


class SourceResting(CannotConnect):
    """The service asked this site to wait, ``until`` then."""

    def __init__(self, source: Source, until: datetime) -> None:
        super().__init__(words.RATE.replace("{service}", source.label))
        self.until = until


@dataclass(frozen=True, slots=True)
class Connected:
    """Whose profile it is, its first import, and whose profile had to leave for it.

    ``former_name`` is "" where there was none, or the same one.
    """

    user_name: str
    run: ImportRun
    former_name: str


@sensitive_variables("token", "access")
def source_connect(
    *, person_id: int, source: Source, token: str, clock: Clock, user_name: str = ""
) -> Connected:
    """Prove whose profile it is, connect it, and queue its first import.

    What another profile gave before is deleted; the token is not kept. Raises
    :class:`CannotConnect`.
    """
    access = doors.access_of(source, user_name=user_name, token=token)
    _enter(source, clock)
    try:
        proof = _prove(source, access)
    except RateLimited as error:
        until = gate.close(
            source,
            now=clock(),
            retry_after=error.retry_after,
            is_quota=error.is_quota,
        )
        raise SourceResting(source, until) from None
    return _connect(person_id, source, proof.user_name, clock())


@transaction.atomic
def _connect(person_id: int, source: Source, name: str, now: datetime) -> Connected:
    former = profile_leave(person_id=person_id, source=source, new_name=name, now=now)
    source_link(person_id=person_id, source=source, user_name=name, now=now)
    run = run_queue(person_id=person_id, source=source, now=now)
    return Connected(name, run, former)


@sensitive_variables("access")
def _prove(source: Source, access: Access) -> Proof:
    """Ask the service; its refusals become sentences."""
    prove = source.door.prove
    if prove is None:
        raise ValueError(f"{source.label} proves nothing.")
    try:
        with doors.session() as session:
            return prove(session, access)
    except AuthorizationRevoked as error:
        said = error.advice or words.RECONNECT
        raise _refusal(source, said, about="token") from None
    except AppRefused:
        logger.error("%s refuses this site’s own key.", source.label)
        raise _refusal(source, words.APP_REFUSED) from None
    except NotAllowed as error:
        said = error.advice or words.NOT_ALLOWED
        raise _refusal(source, said, about="user_name") from None
    except SourceUnavailable:
        raise _refusal(source, _NO_ANSWER) from None


_NO_ANSWER = (
    "{service} does not answer right now, or not in a way we understand. That is"
    " usually over in a few minutes; nothing was changed."
)


def _refusal(source: Source, said: str, *, about: str = "") -> CannotConnect:
    return CannotConnect(said.replace("{service}", source.label), about=about)


def _enter(source: Source, clock: Clock) -> None:
    """Take the next slot for one call, with a little patience."""
    give_up_at = clock() + _PATIENCE
    while True:
        try:
            gate.enter(source, now=clock(), gap_ms=doors.gap_ms(source))
            return
        except gate.GateClosed as closed:
            if closed.reason is not None:
                raise SourceResting(source, closed.retry_at) from None
            now = clock()
            if now >= give_up_at:
                raise _refusal(source, _BUSY) from None
            time.sleep(max(0.02, (closed.retry_at - now).total_seconds()))


_BUSY = (
    "Many people are connecting {service} at this moment. Try again in a minute;"
    " nothing was changed."
)

"""Writing and checking the log of what moderators did."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from social.models import ModerationAction, Report
from social.models.moderation import first_seal

# Any number no other advisory lock of the project uses.
_LOG_LOCK = 7_016_101
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Statement:
    """Why something was decided. ``facts`` are told to the person concerned."""

    rule: str
    reason: str
    facts: str = ""


def action_write(
    *,
    verb: str,
    actor: User,
    statement: Statement,
    person: User | None,
    report: Report | None,
    now: datetime,
    until: datetime | None = None,
) -> ModerationAction:
    """Add one row to the end of the log, sealed with the row before it."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "The log is written with what it tells of, or not at all."
        )
    _lock_log()
    latest = ModerationAction.objects.order_by("-pk").first()
    action = ModerationAction(
        actor=actor,
        actor_name=str(actor),
        verb=verb,
        rule=statement.rule,
        reason=statement.reason,
        report=report,
        person_public_id=person.public_id if person else _NOBODY,
        person_name=str(person) if person else "someone who left",
        until=until,
        created_at=now,
        previous_seal=latest.seal if latest else first_seal(),
    )
    action.seal = action.sealed()
    action.save(force_insert=True)
    return action


def _lock_log() -> None:
    """Take the end of the log for the rest of this transaction.

    On SQLite the immediate transaction has it already.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOG_LOCK])


# --- Checking -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogCheck:
    """``seal`` is the last one; ``faults`` name each row that is not as written."""

    rows: int
    seal: str
    faults: list[str]


def log_check(*, expected_seal: str = "") -> LogCheck:
    """Follow the chain of seals from the first row to the last.

    ``expected_seal``, written down earlier, finds rows cut off at the end.
    """
    rows, seal, seals, faults = 0, first_seal(), {first_seal()}, []
    for action in _all_in_order():
        faults += _faults_of(action, seal)
        rows += 1
        seal = action.seal
        seals.add(seal)
    if expected_seal and expected_seal not in seals:
        faults.append(
            f"No row has the seal {expected_seal}: rows at the end were deleted,"
            " or the whole log was written anew."
        )
    return LogCheck(rows, seal, faults)


def _all_in_order() -> Iterator[ModerationAction]:
    return ModerationAction.objects.order_by("pk").iterator(chunk_size=1000)


def _faults_of(action: ModerationAction, seal_before: str) -> list[str]:
    name = f"Row {action.pk} ({action}, {action.created_at:%Y-%m-%d %H:%M} UTC)"
    faults = []
    if action.previous_seal != seal_before:
        faults.append(
            f"{name} does not follow the row before it:"
            " one between them was deleted, or that one sealed anew."
        )
    if action.sealed() != action.seal:
        faults.append(f"{name} was changed, or added by hand.")
    return faults

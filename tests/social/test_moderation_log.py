"""The command that finds what was done to the log behind the site's back."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import User
from social import services
from social.models import ModerationAction
from social.models.moderation import first_seal
from social.services.moderation_log import action_write
from tests.conftest import NOW
from tests.factories import make_person
from tests.social.deciding import NO_RULE, decide, make_moderator, report

TABLE = ModerationAction._meta.db_table


@pytest.fixture
def log(ada: User) -> list[ModerationAction]:
    """Four rows, as the site writes them."""
    mod = make_moderator()
    return [
        decide(
            services.report_dismiss, report(ada, make_person(f"rude_{n}")), mod, NO_RULE
        )
        for n in range(4)
    ]


def verify(**options: Any) -> str:
    out = StringIO()
    call_command("verify_moderation_log", stdout=out, stderr=out, **options)
    return out.getvalue()


def faults(**options: Any) -> str:
    """What the command says of a log that is not whole."""
    out = StringIO()
    with pytest.raises(CommandError, match="not as written") as ended:
        call_command("verify_moderation_log", stdout=out, stderr=out, **options)
    assert ended.value.returncode == 1
    return out.getvalue()


def sql(statement: str, *values: Any) -> None:
    """Go around the models, as someone at the database would."""
    with connection.cursor() as cursor:
        cursor.execute(statement.format(TABLE), values)


@pytest.mark.django_db
def test_an_empty_log_is_whole() -> None:
    assert f"0 rows.\nLast seal: {first_seal()}" in verify(expect=first_seal())


def test_a_whole_log_says_where_it_ends(log: list[ModerationAction]) -> None:
    said = verify()
    assert "The moderation log is whole: 4 rows." in said
    assert f"Last seal: {log[-1].seal}" in said


@pytest.mark.parametrize(
    "column", ["reason", "verb", "rule", "actor_name", "person_name"]
)
def test_a_changed_row_is_named(log: list[ModerationAction], column: str) -> None:
    sql(f"UPDATE {{}} SET {column} = %s WHERE id = %s", "other", log[1].pk)  # noqa: S608
    said = faults()
    assert f"Row {log[1].pk} (" in said
    assert "was changed, or added by hand" in said
    assert f"Row {log[2].pk} (" not in said


def test_a_row_sealed_anew_breaks_the_next(log: list[ModerationAction]) -> None:
    log[1].reason = "Another reason"
    values = (log[1].reason, log[1].sealed(), log[1].pk)
    sql("UPDATE {} SET reason = %s, seal = %s WHERE id = %s", *values)
    said = faults()
    assert f"Row {log[2].pk} (" in said
    assert "does not follow the row before it" in said


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_deleted_row_leaves_a_gap(log: list[ModerationAction], which: int) -> None:
    _delete(log[which])
    said = faults()
    assert f"Row {log[which + 1].pk} (" in said
    assert "does not follow the row before it" in said


def test_a_row_added_by_hand_is_named(log: list[ModerationAction]) -> None:
    columns = (
        "actor_name, verb, rule, reason, person_public_id, person_name, created_at"
    )
    sql(
        f"INSERT INTO {{}} ({columns}, previous_seal, seal)"  # noqa: S608
        f" SELECT {columns}, seal, 'made up' FROM {TABLE} WHERE id = %s",
        log[-1].pk,
    )
    newest = ModerationAction.objects.latest("pk")
    assert f"Row {newest.pk} (" in faults()


def test_a_cut_off_end_is_found_with_a_seal_written_down(
    log: list[ModerationAction],
) -> None:
    seal = log[-1].seal
    assert "is whole" in verify(expect=seal)
    assert "is whole" in verify(expect=log[1].seal.upper())
    _delete(log[-1])
    assert "is whole: 3 rows" in verify()
    assert f"No row has the seal {seal}" in faults(expect=seal)


@pytest.mark.django_db(transaction=True)
def test_the_log_is_written_with_what_it_tells_of(ada: User) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        action_write(
            verb="warn",
            actor=ada,
            statement=NO_RULE,
            person=ada,
            report=None,
            now=NOW,
        )
    assert not ModerationAction.objects.exists()


def _delete(action: ModerationAction) -> None:
    sql("DELETE FROM social_notice WHERE action_id = %s", action.pk)
    sql("DELETE FROM {} WHERE id = %s", action.pk)

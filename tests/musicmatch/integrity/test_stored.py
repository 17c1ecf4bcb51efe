"""Each kind of damage, made by hand past the services, is found and named."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from accounts.models import User
from ingest.models import (
    ImportRun,
    Listen,
    Source,
    SourceLink,
    TopArtist,
    Track,
    UploadPart,
)
from matching.models import Taste, TasteChange
from matching.services import index_rebuild
from musicmatch import integrity
from musicmatch.integrity import (
    connections,
    imports,
    index,
    listening,
    mails,
    moderation,
    tastes,
    threads,
)
from social.models import (
    Appeal,
    Block,
    Connection,
    Mail,
    Message,
    ModerationAction,
    Notice,
    Report,
    Thread,
    ThreadSide,
)
from tests.conftest import NOW, require_or_skip
from tests.musicmatch.integrity.conftest import LATER, Site

FUTURE = NOW + timedelta(days=20_000)


def found() -> list[str]:
    checks = list(integrity.checks(now=LATER))
    return [words for check in checks for words in check.differences]


def test_nothing_differs_where_only_services_wrote(site: Site) -> None:
    assert found() == []
    out = StringIO()
    call_command("verify_integrity", stdout=out)
    assert out.getvalue().count(": the same (") == 9
    assert out.getvalue().endswith("Nothing differs.\n")


def _raw(table: str, **values: object) -> None:
    """Change every row, also of a table that its model lets nobody change."""
    columns = ", ".join(f"{name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {columns}",  # noqa: S608 - our own names
            list(values.values()),
        )


def _side(site: Site) -> ThreadSide:
    return ThreadSide.objects.get(person=site.ada)


def _change(rows: object, **values: object) -> None:
    assert rows.update(**values)  # type: ignore[attr-defined]


def _stranger_writes(site: Site) -> None:
    Message.objects.filter(pk=site.message.pk).update(sender=site.cyd)


def _thread_of_strangers(site: Site) -> None:
    low, high = sorted((site.ada, site.dee), key=lambda person: person.pk)
    Connection.objects.between(site.ada.pk, site.dee.pk).delete()
    thread = Thread.objects.create(low=low, high=high, created_at=NOW)
    for person, other in ((low, high), (high, low)):
        ThreadSide.objects.create(
            thread=thread, person=person, other=other, last_message_at=NOW
        )


def _block_without_its_end(site: Site) -> None:
    Block.objects.create(blocker=site.ben, blocked=site.ada, created_at=NOW)


def _run(site: Site, **values: object) -> None:
    _change(ImportRun.objects.filter(pk=site.done.pk), **values)


def _moving(site: Site, **values: object) -> None:
    _change(ImportRun.objects.filter(pk=site.waiting.pk), **values)


def _files_that_stayed(site: Site) -> None:
    _moving(site, state="done", finished_at=NOW, staged={})
    _change(UploadPart.objects.all(), kept_at=NOW - timedelta(days=1))


def _listen_without_source(site: Site) -> None:
    artist = TopArtist.objects.filter(person=site.ada)[0].artist
    track = Track.objects.create(name="T", name_key="t", artist=artist)
    Listen.objects.create(
        person=site.ada, source=Source.SPOTIFY, track=track, listened_at=NOW
    )


def _other_taste(site: Site) -> None:
    blob = Taste.objects.get(person=site.cyd).blob
    Taste.objects.filter(person=site.ada).update(blob=blob)
    index_rebuild(now=NOW)


def _unlisted_change(site: Site) -> None:
    taste = Taste.objects.get(person=site.ben)
    assert TasteChange.objects.filter(seq=taste.seq).delete()[0]


def _mail_about_others(site: Site) -> None:
    Mail.objects.create(
        person=site.cyd, topic="messages", key=site.message.public_id, created_at=NOW
    )


def _mail_of_anothers_notice(site: Site) -> None:
    notice = Notice.objects.filter(person=site.cyd)[0]
    Mail.objects.create(
        person=site.ada, topic="decisions", key=notice.public_id, created_at=NOW
    )


def _stale_index(site: Site) -> None:
    blob = Taste.objects.get(person=site.ada).blob
    _change(Taste.objects.filter(person=site.cyd), blob=blob)


DAMAGE: dict[str, tuple[ModuleType, Callable[[Site], object], str]] = {
    "a side is gone": (
        threads,
        lambda site: _side(site).delete(),
        "no side of its",
    ),
    "a side of somebody else": (
        threads,
        lambda site: _change(
            ThreadSide.objects.filter(pk=_side(site).pk), person=site.cyd
        ),
        "of somebody who is not in it",
    ),
    "both have left": (
        threads,
        lambda site: _change(Thread.objects.all(), low=None, high=None),
        "both people have left",
    ),
    "unread by one more": (
        threads,
        lambda site: _change(ThreadSide.objects.filter(pk=_side(site).pk), unread=7),
        "says 7 unread, and 1 messages are unseen",
    ),
    "a last message that is not": (
        threads,
        lambda site: _change(ThreadSide.objects.all(), last_message=None),
        "its last message is None",
    ),
    "a last message at another time": (
        threads,
        lambda site: _change(ThreadSide.objects.all(), last_message_at=FUTURE),
        "its time is not that of its last message",
    ),
    "a sender who is not in the thread": (
        threads,
        _stranger_writes,
        "its sender is not in",
    ),
    "a thread of strangers": (
        connections,
        _thread_of_strangers,
        "never asked each other",
    ),
    "accepted, without a thread": (
        connections,
        lambda site: Thread.objects.all().delete(),
        "accepted, and there is no thread",
    ),
    "declined, without a rest": (
        connections,
        lambda site: _change(
            Connection.objects.filter(state="declined"), rests=None, rest_until=None
        ),
        "declined, and nobody rests",
    ),
    "a rest without an end": (
        connections,
        lambda site: _change(
            Connection.objects.filter(state="declined"), rest_until=None
        ),
        "rests without an end",
    ),
    "a rest of a third": (
        connections,
        lambda site: _change(
            Connection.objects.filter(state="declined"), rests=site.dee
        ),
        "somebody rests who is not in it",
    ),
    "a request within a rest": (
        connections,
        lambda site: _change(
            Connection.objects.filter(state="declined"), state="requested"
        ),
        "in force, and somebody rests",
    ),
    "accepted at a time, and not accepted": (
        connections,
        lambda site: _change(
            Connection.objects.filter(state="requested"), accepted_at=NOW
        ),
        "with a time at which it was",
    ),
    "a connection over a block": (
        connections,
        _block_without_its_end,
        "goes on over a block",
    ),
    "a run ended at no time": (
        imports,
        lambda site: _run(site, finished_at=None),
        "without a time at which it did",
    ),
    "a run ended and held": (
        imports,
        lambda site: _run(site, lease_until=NOW),
        "ended, and a worker holds it",
    ),
    "a run ended and waiting": (
        imports,
        lambda site: _run(site, resume_at=NOW),
        "ended, and waits",
    ),
    "a run ended and staged": (
        imports,
        lambda site: _run(site, staged={"recent": ""}),
        "still staged",
    ),
    "a run failed without a word": (
        imports,
        lambda site: _run(site, state="failed"),
        "failed without saying why",
    ),
    "a run in no state": (
        imports,
        lambda site: _run(site, state="lost"),
        "its state is none",
    ),
    "a run that moves and ended": (
        imports,
        lambda site: _moving(site, finished_at=NOW),
        "has not ended, with a time",
    ),
    "a run held for a day": (
        imports,
        lambda site: _moving(site, lease_until=LATER + timedelta(hours=1)),
        "held far longer than a turn",
    ),
    "a run nobody carries on": (
        imports,
        lambda site: _moving(site, queued_at=NOW - timedelta(days=1)),
        "nobody has carried it on",
    ),
    "a run without its source": (
        imports,
        lambda site: SourceLink.objects.filter(source=Source.LASTFM).delete(),
        "done for somebody without that source",
    ),
    "files that stayed": (
        imports,
        _files_that_stayed,
        "its files are still here",
    ),
    "a gap in a list": (
        listening,
        lambda site: TopArtist.objects.filter(person=site.ada, rank=2).delete(),
        "4 lines, and the last rank is 5",
    ),
    "an artist twice": (
        listening,
        lambda site: _change(
            TopArtist.objects.filter(person=site.ada, rank=2),
            artist=TopArtist.objects.get(person=site.ada, rank=1).artist,
        ),
        "1 more than once",
    ),
    "listens of no source": (
        listening,
        _listen_without_source,
        "which is not connected",
    ),
    "another taste": (tastes, _other_taste, "not what their rows say"),
    "a taste shown to nobody": (
        tastes,
        lambda site: _change(Taste.objects.filter(person=site.ada), is_visible=False),
        "not what their rows say",
    ),
    "a change nobody reads": (tastes, _unlisted_change, "of their taste is not noted"),
    "no change at all": (
        tastes,
        lambda site: TasteChange.objects.all().delete(),
        "no change of any is noted",
    ),
    "a mail about others": (
        mails,
        _mail_about_others,
        "about a message to somebody else",
    ),
    "a mail of another’s notice": (
        mails,
        _mail_of_anothers_notice,
        "about somebody else's notice",
    ),
    "a decision written anew": (
        moderation,
        lambda site: _raw(ModerationAction._meta.db_table, reason="None"),
        "was changed, or added by hand",
    ),
    "a decision nobody was told": (
        moderation,
        lambda site: Notice.objects.filter(kind="decision").delete(),
        "the person was never told",
    ),
    "an appeal’s end nobody was told": (
        moderation,
        lambda site: Notice.objects.filter(kind="appeal").delete(),
        "(uphold): the person was never told",
    ),
    "a reporter who was not told": (
        moderation,
        lambda site: Notice.objects.filter(kind="report", person=site.ada).delete(),
        "its reporter was never told",
    ),
    "a report decided by nobody": (
        moderation,
        lambda site: _change(Report.objects.filter(pk=site.case.pk), decided_at=FUTURE),
        "decided, and nothing says how",
    ),
    "an appeal decided by nobody": (
        moderation,
        lambda site: _change(Appeal.objects.all(), decided_at=FUTURE),
        "the log does not say so",
    ),
    "a suspension that no one decided": (
        moderation,
        lambda site: _change(User.objects.filter(pk=site.ben.pk), limited_until=FUTURE),
        "limited_until is not what the log says",
    ),
    "a suspension that was lifted by hand": (
        moderation,
        lambda site: _change(User.objects.filter(pk=site.dee.pk), suspended_until=None),
        "suspended_until is not what the log says",
    ),
    "an index of other tastes": (index, _stale_index, "another taste in the index"),
}


NOUNS = {noun for noun, _, _ in DAMAGE.values()}


@pytest.mark.parametrize("noun", sorted(NOUNS, key=lambda noun: noun.__name__))
def test_damage_is_found(site: Site, noun: ModuleType, subtests: Any) -> None:
    """Each in a transaction that is taken back, so that none hides another."""
    for name, (of_noun, damage, words) in DAMAGE.items():
        if of_noun is not noun:
            continue
        with subtests.test(name), transaction.atomic():
            damage(site)
            lines = list(noun.differences(LATER))
            transaction.set_rollback(True)
            assert [line for line in lines if words in line], lines


def test_files_that_are_gone_are_found(site: Site) -> None:
    UploadPart.objects.all().delete()
    assert found() == [f"export import {site.waiting.pk}: its files are gone"]


def test_a_missing_index_is_found(site: Site, settings: Any) -> None:
    shutil.rmtree(settings.INDEX_DIR)
    assert found() == ["there is no index, and there are people for one"]


def test_an_unreadable_index_is_found(site: Site, settings: Any) -> None:
    for manifest in settings.INDEX_DIR.glob("MANIFEST*"):
        manifest.write_text("{}")
    [line] = found()
    assert line.startswith("the index cannot be read: ")


def _run_sql(statement: str) -> None:
    # Postgres alters no table whose keys it has yet to look at.
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_missing_constraint_is_found(site: Site) -> None:
    _run_sql("DROP INDEX threadside_unread")
    assert found() == ["social_threadside: the database has no threadside_unread"]


def test_one_form_twice_is_found(site: Site) -> None:
    """Where the constraint that forbids it is gone; SQLite keeps it in its table."""
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    _run_sql("ALTER TABLE social_message DROP CONSTRAINT message_sent_once")
    again = Message.objects.get(pk=site.message.pk)
    again.pk, again.public_id = None, site.waiting.pk
    again.save(force_insert=True)
    assert [line for line in found() if "one form is 2 messages" in line]


def test_a_constraint_that_was_never_looked_at_is_found(site: Site) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    _run_sql(
        "ALTER TABLE social_block DROP CONSTRAINT block_no_self,"
        " ADD CONSTRAINT block_no_self CHECK (blocker_id <> blocked_id) NOT VALID"
    )
    assert found() == ["social_block: block_no_self is there and not valid"]


def test_a_sequence_that_is_behind_is_found(site: Site) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    _run_sql("ALTER SEQUENCE social_message_id_seq RESTART WITH 1")
    [line] = found()
    assert line.startswith("social_message: numbers go on after ")


def test_every_difference_is_a_line_and_the_end_is_one(site: Site) -> None:
    ThreadSide.objects.update(unread=7)
    out = StringIO()
    with pytest.raises(CommandError, match=r"Differences: 2\."):
        call_command("verify_integrity", stdout=out)
    assert out.getvalue().count("says 7 unread") == 2


def test_long_lists_are_cut_and_counted() -> None:
    check = integrity.compared("numbers", lambda: map(str, range(50)))
    assert (len(check.differences), check.more) == (20, 30)

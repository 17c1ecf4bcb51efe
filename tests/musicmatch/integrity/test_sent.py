"""What was sent, as its sender wrote it down, against what is stored."""

import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from ingest.models import ImportRun, Source
from ingest.services import source_link
from musicmatch.integrity import sent
from musicmatch.integrity.journal import (
    Journal,
    JournalWriter,
    Outcome,
    Verb,
    digest_of,
)
from social.models import Connection, Message
from social.services import block_create, connection_accept, connection_request
from tests.conftest import NOW
from tests.factories import make_taste
from tests.factories.threads import make_connection, say
from tests.musicmatch.integrity.conftest import LATER


class Sending:
    """Does things between people, and writes each down as its sender would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        last = Message.objects.order_by("pk").last()
        self.writer = JournalWriter(path, last_message=last.pk if last else 0)

    def note(
        self, verb: Verb, who: User, outcome: Outcome | None, **facts: str
    ) -> None:
        number = self.writer.begin(verb, who.handle or "", **facts)
        if outcome is not None:
            self.writer.end(number, outcome)

    def say(self, who: User, whom: User, outcome: Outcome | None) -> Message:
        message = say(who, whom, "Some words", now=LATER)
        self.note_message(message, who, whom, outcome)
        return message

    def note_message(
        self, message: Message, who: User, whom: User, outcome: Outcome | None
    ) -> None:
        facts = {"whom": whom.handle or "", "key": str(message.once_key)}
        digest = digest_of(message.body)
        self.note(Verb.MESSAGE, who, outcome, digest=digest, **facts)

    def differences(self) -> list[str]:
        self.writer.close()
        return list(sent.differences(Journal.read(self.path)))


@pytest.fixture
def sending(tmp_path: Path, ada: User, ben: User) -> Iterator[Sending]:
    make_connection(ada, ben)
    say(ada, ben, "From before")
    made = Sending(tmp_path / "journal")
    yield made
    made.writer.close()


@pytest.mark.parametrize("outcome", [Outcome.STORED, None])
def test_a_message_that_is_there_once(
    sending: Sending, ada: User, ben: User, outcome: Outcome | None
) -> None:
    sending.say(ada, ben, outcome)
    assert sending.differences() == []


def test_a_message_without_an_answer_may_be_lost(
    sending: Sending, ada: User, ben: User
) -> None:
    sending.say(ada, ben, None).delete()
    assert sending.differences() == []


def test_a_lost_message_is_found(sending: Sending, ada: User, ben: User) -> None:
    sending.say(ada, ben, Outcome.STORED).delete()
    assert sending.differences() == [
        "message 1 of ada_owner to ben_near: acknowledged, and stored 0 times"
    ]


def test_a_refused_message_that_is_there_is_found(
    sending: Sending, ada: User, ben: User
) -> None:
    sending.say(ada, ben, Outcome.REFUSED)
    [line] = sending.differences()
    assert line.endswith(": refused, and stored 1 times")


def test_other_words_are_found(sending: Sending, ada: User, ben: User) -> None:
    message = sending.say(ada, ben, Outcome.STORED)
    Message.objects.filter(pk=message.pk).update(body="Other words")
    [line] = sending.differences()
    assert line.endswith(f": message {message.pk} is not what was sent")
    assert "words" not in line


def test_a_message_nobody_sent_is_found(sending: Sending, ada: User, ben: User) -> None:
    sending.say(ada, ben, Outcome.STORED)
    extra = say(ada, ben, "Some words", now=LATER)
    assert sending.differences() == [
        f"message {extra.pk} of person {ada.pk}: nobody sent it"
    ]


def _ask(sending: Sending, who: User, whom: User, outcome: Outcome | None) -> None:
    connection_request(requester=who, addressee=whom, now=LATER)
    sending.note(Verb.REQUEST, who, outcome, whom=whom.handle or "")


def _accept(sending: Sending, who: User, whom: User, outcome: Outcome | None) -> None:
    pair = Connection.objects.between(who.pk, whom.pk).get()
    connection_accept(connection=pair, person=who, now=LATER)
    sending.note(Verb.ACCEPT, who, outcome, whom=whom.handle or "")


@pytest.mark.parametrize("accepted", [Outcome.STORED, None])
@pytest.mark.parametrize("asked", [Outcome.STORED, None])
def test_a_request_and_its_answer(
    sending: Sending,
    ada: User,
    cyd: User,
    asked: Outcome | None,
    accepted: Outcome | None,
) -> None:
    _ask(sending, ada, cyd, asked)
    _accept(sending, cyd, ada, accepted)
    assert sending.differences() == []


def test_a_lost_answer_is_found(sending: Sending, ada: User, cyd: User) -> None:
    _ask(sending, ada, cyd, Outcome.STORED)
    _accept(sending, cyd, ada, Outcome.STORED)
    Connection.objects.between(ada.pk, cyd.pk).update(state="requested")
    assert sending.differences() == [
        "accept 2 of cyd_stranger to ada_owner: between them is requested, not accepted"
    ]


def test_a_refused_request_that_is_there_is_found(
    sending: Sending, ada: User, cyd: User
) -> None:
    _ask(sending, ada, cyd, Outcome.REFUSED)
    [line] = sending.differences()
    assert line.endswith("between them is requested, not nothing")


def test_blocks(sending: Sending, ada: User, cyd: User, dee: User) -> None:
    block_create(blocker=ada, blocked=cyd, now=LATER)
    sending.note(Verb.BLOCK, ada, Outcome.STORED, whom="cyd_stranger")
    sending.note(Verb.BLOCK, ada, Outcome.STORED, whom="dee_blocked")
    assert sending.differences() == [
        "block 2 of ada_owner to dee_blocked: acknowledged, and stored 0 times"
    ]


def _import(sending: Sending, who: User, outcome: Outcome | None) -> ImportRun:
    source_link(person_id=who.pk, source=Source.LISTENBRAINZ, now=NOW)
    run = ImportRun.objects.create(
        person=who,
        source=Source.LISTENBRAINZ,
        state="done",
        queued_at=LATER,
        finished_at=LATER,
    )
    sending.note(Verb.IMPORT, who, outcome, key=str(run.pk), what="wren")
    return run


def test_an_import_that_is_there_once(sending: Sending, ada: User) -> None:
    _import(sending, ada, Outcome.STORED)
    assert sending.differences() == []


def test_a_lost_import_is_found(sending: Sending, ada: User) -> None:
    _import(sending, ada, Outcome.STORED).delete()
    [line] = sending.differences()
    assert line.endswith("acknowledged, and stored 0 times")


def test_a_doubled_import_is_found(sending: Sending, ada: User) -> None:
    run = _import(sending, ada, Outcome.STORED)
    run.pk = uuid.uuid4()
    run.save(force_insert=True)
    [line] = sending.differences()
    assert line.endswith("acknowledged, and there are 2 runs")


def test_an_import_that_gave_less_is_found(
    sending: Sending, ada: User, ben: User, cyd: User
) -> None:
    for person, artists in ((ada, ["A", "B"]), (ben, ["A", "B"]), (cyd, ["A"])):
        make_taste(person, artists, source=Source.LISTENBRAINZ)
        _import(sending, person, Outcome.STORED)
    [line] = sending.differences()
    assert line == "import 3 of cyd_stranger: what it gave is not what it gives others"


def test_the_command_tells_what_was_sent(
    sending: Sending, ada: User, ben: User
) -> None:
    sending.say(ada, ben, Outcome.STORED)
    lost = sending.say(ada, ben, Outcome.STORED)
    out = StringIO()
    _verify(sending.path, out)
    assert "Sent: messages: 2 acknowledged, 0 refused, 0 never answered." in (
        out.getvalue()
    )
    lost.delete()
    with pytest.raises(CommandError, match="Differences"):
        _verify(sending.path, StringIO())


def _verify(path: Path, out: StringIO) -> None:
    call_command("verify_integrity", journal=path, stdout=out)


@pytest.mark.parametrize("text", ["", "[]\n", '{"n": 1}\n', "no json\n"])
def test_what_is_no_journal_is_refused(db: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal"
    path.write_text(text)
    with pytest.raises(CommandError, match="cannot be read as a journal"):
        _verify(path, StringIO())

"""What people do, as often as they do it, each thing written down before it is sent."""

import random
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from musicmatch.integrity.journal import JournalWriter, Outcome, Verb, digest_of
from musicmatch.proofs.figures import Tally
from musicmatch.proofs.population import Cast, Member
from musicmatch.proofs.visitor import Answer, NoAnswer, Visitor

# How often each is done, of a hundred.
MIX = {
    "board": 22,
    "explanation": 18,
    "poll": 26,
    "thread": 12,
    "send": 8,
    "conversations": 5,
    "connections": 4,
    "ask": 2,
    "block": 1,
    "import": 1,
    "upload": 1,
}
_MOST_ASKED, _MOST_BLOCKED = 4, 2
_PERSON = re.compile(r'data-person="([^"]+)"')
_ONCE = re.compile(r'name="once_key" value="([^"]+)"')
_NEWEST = re.compile(r"/new/\?after=([0-9a-f-]{36})")
_ANSWER = re.compile(r'action="(/connections/[0-9a-f-]{36}/accept/)"')
_RUN = re.compile(r"/sources/runs/([0-9a-f-]{36})/")
_WORDS = "have you heard the second side of that record it never ends".split()


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be imported: names with tokens at the stand-in, and one export."""

    accounts: Sequence[tuple[str, str]] = ()
    export: bytes = b""


@dataclass
class _Memory:
    """What one member has seen and done so far."""

    close: list[str] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    blocked: int = 0
    done: set[str] = field(default_factory=set)


class _Failed(Exception):
    """The step did not end as it should; it is counted already."""


class Actor:
    """One at a time, as one of some members, who belong to nobody else."""

    def __init__(
        self,
        site: str,
        cast: Cast,
        members: Sequence[Member],
        *,
        tally: Tally,
        journal: JournalWriter,
        sources: Sources,
        seed: int,
    ) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._visitors = [Visitor(site, cast, member) for member in members]
        self._memories = {member.handle: _Memory() for member in members}
        self._goes_to = site
        self._tally = tally
        self._journal = journal
        self._sources = sources
        self._pairs = _pairs_of(members)
        self._acts: dict[str, Callable[[Visitor, _Memory], None]] = {
            "board": self._board,
            "explanation": self._explanation,
            "poll": self._poll,
            "thread": self._thread,
            "send": self._send,
            "conversations": self._conversations,
            "connections": self._connections,
            "ask": self._ask,
            "block": self._block,
            "import": self._import,
            "upload": self._upload,
        }

    def act(self) -> None:
        """Do the next thing as somebody; whatever comes of it is counted."""
        visitor = self._draw.choice(self._visitors)
        visitor.go_to(self._goes_to)
        [name] = self._draw.choices([*MIX], [*MIX.values()])
        try:
            self._acts[name](visitor, self._memories[visitor.member.handle])
        except _Failed:
            return

    def go_to(self, site: str) -> None:
        """Come by another door from the next act on."""
        self._goes_to = site

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.hang_up()

    # --- Reading ----------------------------------------------------------

    def _board(self, visitor: Visitor, memory: _Memory) -> None:
        page = self._look("board", visitor, "/matches/")
        memory.close = _PERSON.findall(page.text)

    def _explanation(self, visitor: Visitor, memory: _Memory) -> None:
        if not memory.close:
            self._board(visitor, memory)
        if memory.close:
            handle = self._draw.choice(memory.close)
            self._look("explanation", visitor, f"/matches/{handle}/", gone=True)

    def _thread(self, visitor: Visitor, memory: _Memory) -> None:
        self._open_thread(visitor, memory, self._draw.choice(visitor.member.partners))

    def _open_thread(self, visitor: Visitor, memory: _Memory, handle: str) -> Answer:
        page = self._look("thread", visitor, f"/messages/{handle}/")
        newest = _NEWEST.search(page.text)
        memory.newest[handle] = newest[1] if newest else ""
        return page

    def _poll(self, visitor: Visitor, memory: _Memory) -> None:
        if not memory.newest:
            self._thread(visitor, memory)
        handle = self._draw.choice([*memory.newest])
        after = memory.newest[handle]
        path = f"/messages/{handle}/new/?after={after}"
        page = self._asked("poll", lambda: visitor.get(path, **{"HX-Request": "true"}))
        if page.status == 200:
            newest = _NEWEST.search(page.text)
            memory.newest[handle] = newest[1] if newest else after
        elif page.status != 204:
            raise self._failed("poll", page)

    def _conversations(self, visitor: Visitor, memory: _Memory) -> None:
        self._look("conversations", visitor, "/messages/")

    def _connections(self, visitor: Visitor, memory: _Memory) -> None:
        self._look("connections", visitor, "/connections/")

    # --- Writing ----------------------------------------------------------

    def _send(self, visitor: Visitor, memory: _Memory) -> None:
        handle = self._draw.choice(visitor.member.partners)
        page = self._open_thread(visitor, memory, handle)
        once = _ONCE.search(page.text)
        if once is None:
            raise self._failed("send", page)
        words = " ".join(self._draw.choices(_WORDS, k=self._draw.randint(3, 25)))
        number = self._journal.begin(
            Verb.MESSAGE,
            visitor.member.handle,
            whom=handle,
            key=str(uuid.UUID(once[1])),
            digest=digest_of(words),
        )
        form = {"once_key": once[1], "body": words}
        answer = self._asked("send", lambda: visitor.send(f"/messages/{handle}/", form))
        self._ended("send", number, answer, is_stored="#m-" in answer.leads_to)

    def _ask(self, visitor: Visitor, memory: _Memory) -> None:
        """Ask a stranger; or one of our own, who says yes."""
        own = self._pairs.get(visitor.member.handle)
        if own is not None:
            del self._pairs[visitor.member.handle]
            other = next(v for v in self._visitors if v.member.handle == own)
            if self._request(visitor, own):
                self._accept(other, visitor.member.handle)
            return
        strangers = visitor.member.strangers
        if memory.asked < min(_MOST_ASKED, len(strangers)):
            memory.asked += 1
            self._request(visitor, strangers[memory.asked - 1])

    def _request(self, visitor: Visitor, handle: str) -> bool:
        path = f"/people/{handle}/connect/"
        self._look("ask", visitor, path)
        number = self._journal.begin(Verb.REQUEST, visitor.member.handle, whom=handle)
        answer = self._asked("ask", lambda: visitor.send(path, {"note": "Hello"}))
        is_stored = answer.leads_to.endswith("/connections/requests/")
        return self._ended("ask", number, answer, is_stored=is_stored)

    def _accept(self, visitor: Visitor, handle: str) -> None:
        page = self._look("answer", visitor, f"/people/{handle}/connect/")
        button = _ANSWER.search(page.text)
        if button is None:
            raise self._failed("answer", page)
        number = self._journal.begin(Verb.ACCEPT, visitor.member.handle, whom=handle)
        answer = self._asked("answer", lambda: visitor.send(button[1], {}))
        self._ended("answer", number, answer, is_stored=answer.status == 302)

    def _block(self, visitor: Visitor, memory: _Memory) -> None:
        strangers = visitor.member.strangers[_MOST_ASKED:]
        if memory.blocked >= min(_MOST_BLOCKED, len(strangers)):
            return
        memory.blocked += 1
        handle = strangers[-memory.blocked]
        path = f"/people/{handle}/block/"
        self._look("block", visitor, path)
        number = self._journal.begin(Verb.BLOCK, visitor.member.handle, whom=handle)
        answer = self._asked("block", lambda: visitor.send(path, {}))
        is_stored = answer.leads_to.endswith("/settings/blocked/")
        self._ended("block", number, answer, is_stored=is_stored)

    # --- Importing --------------------------------------------------------

    def _import(self, visitor: Visitor, memory: _Memory) -> None:
        if "import" in memory.done or not self._sources.accounts:
            return
        memory.done.add("import")
        name, token = self._draw.choice(self._sources.accounts)
        path = "/sources/listenbrainz/connect/"
        form = {"user_name": name, "token": token}
        number = self._journal.begin(Verb.IMPORT, visitor.member.handle, what=name)
        answer = self._asked("import", lambda: visitor.send(path, form))
        self._ended_run("import", number, answer)

    def _upload(self, visitor: Visitor, memory: _Memory) -> None:
        if "upload" in memory.done or not self._sources.export:
            return
        memory.done.add("upload")
        content = self._sources.export
        number = self._journal.begin(
            Verb.UPLOAD, visitor.member.handle, what="the export"
        )
        answer = self._asked(
            "upload",
            lambda: visitor.upload("/sources/upload/", "export", "my.zip", content),
        )
        self._ended_run("upload", number, answer)

    def _ended_run(self, action: str, number: int, answer: Answer) -> None:
        run = _RUN.search(answer.leads_to)
        facts = {"key": run[1]} if run else {}
        self._ended(action, number, answer, is_stored=run is not None, **facts)

    # --- What comes back --------------------------------------------------

    def _look(
        self, action: str, visitor: Visitor, path: str, *, gone: bool = False
    ) -> Answer:
        page = self._asked(action, lambda: visitor.get(path))
        # Who stood on a board may have been hidden since.
        if page.status != 200 and not (gone and page.status == 404):
            raise self._failed(action, page)
        return page

    def _asked(self, action: str, ask: Callable[[], Answer]) -> Answer:
        try:
            answer = ask()
        except NoAnswer as error:
            self._tally.fail(action, f"no answer ({error})")
            raise _Failed from error
        if answer.status >= 500:
            raise self._failed(action, answer)
        self._tally.answered(action, answer.seconds)
        return answer

    def _failed(self, action: str, page: Answer) -> _Failed:
        saw = f"{page.status} “{page.title}”"
        self._tally.fail(action, saw, shows_code=page.shows_code)
        return _Failed()

    def _ended(
        self, action: str, number: int, answer: Answer, *, is_stored: bool, **facts: str
    ) -> bool:
        """Write the end of an action down: acknowledged, or refused in words."""
        if is_stored:
            self._journal.end(number, Outcome.STORED, **facts)
            return True
        self._journal.end(number, Outcome.REFUSED)
        self._tally.refuse(f"{action} ({answer.status} “{answer.title}”)")
        return False


def _pairs_of(members: Sequence[Member]) -> dict[str, str]:
    """Put members side by side who are not connected."""
    return {
        one.handle: other.handle
        for one, other in zip(members[::2], members[1::2], strict=False)
        if other.handle not in one.partners
    }

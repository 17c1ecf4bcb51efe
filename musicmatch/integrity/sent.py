"""Everything sent against everything stored.

What was acknowledged is stored once, what was refused is not, and what was never
answered is stored at most once. Nothing is stored that nobody sent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from django.db.models import F

from accounts.models import User
from ingest.models import ImportRun, ListeningMonth, TopArtist, TopTrack
from musicmatch.integrity.journal import Action, Journal, Outcome, Verb, digest_of
from social.models import Block, Connection, Message

_IMPORTS = (Verb.IMPORT, Verb.UPLOAD)
_PAIRS = (Verb.REQUEST, Verb.ACCEPT)
_ALLOWED = {
    Outcome.STORED: (1, 1),
    Outcome.REFUSED: (0, 0),
    Outcome.UNKNOWN: (0, 1),
}
_SAID = {
    Outcome.STORED: "acknowledged",
    Outcome.REFUSED: "refused",
    Outcome.UNKNOWN: "never answered",
}
# Before anyone asked.
_NOTHING = ""


def differences(journal: Journal) -> Iterator[str]:
    people = _people(journal)
    yield from _messages(journal, people)
    yield from _connections(journal, people)
    yield from _blocks(journal, people)
    yield from _runs(journal, people)
    yield from _listening(journal)


def summary(journal: Journal) -> str:
    """How many of each were sent, and how they ended."""
    counts = Counter((action.verb, action.outcome) for action in journal.actions)
    parts = [
        f"{verb}s: " + ", ".join(f"{counts[verb, end]} {_SAID[end]}" for end in Outcome)
        for verb in Verb
        if any(counts[verb, end] for end in Outcome)
    ]
    return "; ".join(parts) or "nothing was sent"


def _people(journal: Journal) -> dict[str, int]:
    handles = {a.who for a in journal.actions} | {a.whom for a in journal.actions}
    found = User.objects.filter(handle__in=handles).values_list("handle", "pk")
    return {handle: pk for handle, pk in found if handle}


# --- Messages -------------------------------------------------------------


def _messages(journal: Journal, people: dict[str, int]) -> Iterator[str]:
    sent = {(people.get(a.who), a.key): a for a in journal.by(Verb.MESSAGE)}
    stored: Counter[tuple[int | None, str]] = Counter()
    rows = Message.objects.filter(
        sender__in={pk for pk, _ in sent}, pk__gt=journal.last_message
    ).select_related("thread")
    for message in rows.order_by("pk").iterator():
        key: tuple[int | None, str] = (message.sender_id, str(message.once_key))
        stored[key] += 1
        action = sent.get(key)
        if action is None:
            yield f"message {message.pk} of person {message.sender_id}: nobody sent it"
        elif not _is_as_sent(message, action, people):
            yield f"{_named(action)}: message {message.pk} is not what was sent"
    for sent_key, action in sent.items():
        yield from _times(action, stored[sent_key])


def _is_as_sent(message: Message, action: Action, people: dict[str, int]) -> bool:
    pair = {message.thread.low_id, message.thread.high_id}
    is_theirs = pair == {people.get(action.who), people.get(action.whom)}
    return is_theirs and digest_of(message.body) == action.digest


def _times(action: Action, times: int) -> Iterator[str]:
    least, most = _ALLOWED[action.outcome]
    if not least <= times <= most:
        said = _SAID[action.outcome]
        yield f"{_named(action)}: {said}, and stored {times} times"


def _named(action: Action) -> str:
    whom = f" to {action.whom}" if action.whom else ""
    return f"{action.verb} {action.number} of {action.who}{whom}"


# --- Connections ----------------------------------------------------------


def _connections(journal: Journal, people: dict[str, int]) -> Iterator[str]:
    """Each pair stands where its actions, one after the other, lead."""
    by_pair: dict[frozenset[str], list[Action]] = defaultdict(list)
    for action in journal.by(*_PAIRS):
        by_pair[frozenset({action.who, action.whom})].append(action)
    for actions in by_pair.values():
        allowed = _where_to(actions)
        first = actions[0]
        a, b = people.get(first.who, 0), people.get(first.whom, 0)
        found = Connection.objects.between(a, b).values_list("state", flat=True)
        state = found.first() or _NOTHING
        if len(found) > 1 or state not in allowed:
            wanted = " or ".join(sorted(one or "nothing" for one in allowed))
            stands = state or "nothing"
            yield f"{_named(actions[-1])}: between them is {stands}, not {wanted}"


def _where_to(actions: list[Action]) -> set[str]:
    states = {_NOTHING}
    for action in actions:
        after = {_after(state, action.verb) for state in states}
        if action.outcome == Outcome.STORED:
            states = after
        elif action.outcome == Outcome.UNKNOWN:
            states |= after
    return states


def _after(state: str, verb: Verb) -> str:
    if verb == Verb.REQUEST:
        is_accepted = state == Connection.State.ACCEPTED
        return state if is_accepted else Connection.State.REQUESTED
    is_asked = state == Connection.State.REQUESTED
    return Connection.State.ACCEPTED if is_asked else state


def _blocks(journal: Journal, people: dict[str, int]) -> Iterator[str]:
    for action in journal.by(Verb.BLOCK):
        blocks = Block.objects.filter(
            blocker=people.get(action.who), blocked=people.get(action.whom)
        )
        yield from _times(action, blocks.count())


# --- Imports --------------------------------------------------------------


def _runs(journal: Journal, people: dict[str, int]) -> Iterator[str]:
    """Everyone imports once in a journal: more runs than that are doubled ones."""
    sent = journal.by(*_IMPORTS)
    runs = ImportRun.objects.filter(
        pk__in={a.key for a in sent if a.outcome == Outcome.STORED}
    ).in_bulk()
    of_runs = {str(pk): run.person_id for pk, run in runs.items()}
    for action in sent:
        if action.outcome == Outcome.STORED:
            is_there = of_runs.get(action.key) == people.get(action.who)
            yield from _times(action, int(is_there))
        mine = ImportRun.objects.filter(
            person=people.get(action.who),
            kind=ImportRun.Kind.FULL,
            queued_at__gte=F("person__joined_at"),
        )
        of_source = (
            mine.filter(source="export")
            if action.verb == Verb.UPLOAD
            else (mine.exclude(source="export"))
        )
        if of_source.count() > _ALLOWED[action.outcome][1]:
            said = _SAID[action.outcome]
            yield f"{_named(action)}: {said}, and there are {of_source.count()} runs"


def _listening(journal: Journal) -> Iterator[str]:
    """Who imported the same has the same: nothing was left out, nothing doubled."""
    sent = {a.key: a for a in journal.by(*_IMPORTS) if a.key and a.what}
    done = ImportRun.objects.filter(pk__in=sent, state=ImportRun.State.DONE)
    by_what: dict[tuple[str, str], list[tuple[Action, _Kept]]] = defaultdict(list)
    for run in done.order_by("queued_at", "pk"):
        action = sent[str(run.pk)]
        kept = _kept_of(run.person_id, run.source)
        by_what[action.verb, action.what].append((action, kept))
    for found in by_what.values():
        usual, _ = Counter(kept for _, kept in found).most_common(1)[0]
        for action, kept in found:
            if kept != usual:
                yield f"{_named(action)}: what it gave is not what it gives others"


_Kept = tuple[tuple[object, ...], ...]


def _kept_of(person: int, source: str) -> _Kept:
    mine = {"person": person, "source": source}
    lists = ("time_range", "rank")
    artists = TopArtist.objects.filter(**mine).order_by(*lists)
    tracks = TopTrack.objects.filter(**mine).order_by(*lists)
    months = ListeningMonth.objects.filter(**mine).order_by("month")
    return (
        *artists.values_list(*lists, "artist"),
        *tracks.values_list(*lists, "track"),
        *months.values_list("month", "plays"),
    )

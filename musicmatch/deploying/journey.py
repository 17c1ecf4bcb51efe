"""What people do all the time, done over and over while releases change."""

import random
import re
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

import requests

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_PERSON = re.compile(r'data-person="([a-z0-9_]+)"')
_CONNECTION = re.compile(r'<[^>]*data-connection="([0-9a-f-]+)"[^>]*>')
_SECONDS = 20


class Broken(Exception):
    """A step that did not go as it has to."""


@dataclass(slots=True)
class Tally:
    """What was done in each phase, and what went wrong."""

    requests: Counter[str] = field(default_factory=Counter)
    journeys: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)


class Person:
    """A browser without a screen, signed in; each request goes to some web there is."""

    def __init__(self, crowd: "Crowd", username: str, handle: str) -> None:
        self.crowd = crowd
        self.username = username
        self.name = handle
        self.session = requests.Session()

    def ask(self, method: str, path: str, **rest: object) -> requests.Response:
        """Ask on a connection of its own, as a proxy does, and expect an answer."""
        web = random.choice(self.crowd.webs)  # noqa: S311 - no secret
        with self.crowd.lock:
            self.crowd.tally.requests[self.crowd.phase] += 1
        try:
            answer = self.session.request(
                method,
                web + path,
                timeout=_SECONDS,
                headers={"Connection": "close", "Referer": web + path},
                **rest,  # type: ignore[arg-type]
            )
        except requests.RequestException as error:
            raise Broken(f"{method} {path}: {type(error).__name__}") from error
        if answer.status_code >= 400:
            raise Broken(f"{method} {path}: {answer.status_code}")
        return answer

    def send(self, form_at: str, path: str, **values: str) -> requests.Response:
        token = _TOKEN.search(self.ask("GET", form_at).text)
        if token is None:
            raise Broken(f"{form_at}: no form")
        data = {"csrfmiddlewaretoken": token[1], **values}
        return self.ask("POST", path, data=data)

    def sign_in(self) -> None:
        self.session.cookies.clear()
        values = {"login": self.username, "password": self.crowd.password}
        answer = self.send("/accounts/login/", "/accounts/login/", **values)
        if "/accounts/login/" in answer.url:
            raise Broken("signing in: sent back")

    def look(self) -> None:
        """The board, and why the first ones on it are there."""
        people = _PERSON.findall(self.ask("GET", "/matches/").text)
        if not people:
            raise Broken("/matches/: nobody")
        page = self.ask("GET", f"/matches/{random.choice(people)}/").text  # noqa: S311
        if 'data-page="explanation"' not in page:
            raise Broken("explanation: another page")

    def connect(self, other: "Person") -> None:
        path = f"/people/{other.name}/connect/"
        self.send(f"/people/{other.name}/", path, note="hello")
        page = other.ask("GET", "/connections/requests/").text
        for row in _CONNECTION.finditer(page):
            if f'"{self.name}"' in row[0] and '"incoming"' in row[0]:
                accept = f"/connections/{row[1]}/accept/"
                other.send("/connections/requests/", accept)

    def write(self, other: "Person") -> None:
        """Send a message; who gets it reads it at the next look."""
        words, once = f"words {uuid.uuid4()}", str(uuid.uuid4())
        path = f"/messages/{other.name}/"
        self.send(path, path, body=words, once_key=once)
        with self.crowd.lock:
            self.crowd.tally.sent.append(words)
        if words not in other.ask("GET", f"/messages/{self.name}/").text:
            raise Broken("a message that was sent is not there")


class Crowd:
    """Pairs of people on their journeys, in a thread each."""

    def __init__(self, names: list[tuple[str, str]], password: str) -> None:
        self.password = password
        self.lock = Lock()
        self.tally = Tally()
        self.phase = ""
        self.webs: list[str] = []
        self.people = [Person(self, *name) for name in names]
        self._over = Event()
        self._threads: list[Thread] = []

    @property
    def pairs(self) -> list[tuple[Person, Person]]:
        return list(zip(self.people[::2], self.people[1::2], strict=True))

    def begin(self) -> None:
        """Sign everyone in, connect each pair, and set them going."""
        for one, other in self.pairs:
            for person in (one, other):
                person.sign_in()
            one.connect(other)
        for pair in self.pairs:
            thread = Thread(target=self._go_on, args=pair)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, one: Person, other: Person) -> None:
        signed_in_for = self.phase
        while not self._over.is_set():
            phase = self.phase
            try:
                if signed_in_for != phase:
                    # Once a phase: a site lets only so many in a minute.
                    one.sign_in()
                    signed_in_for = phase
                one.look()
                one.write(other)
                with self.lock:
                    self.tally.journeys[phase] += 1
            except Broken as broken:
                with self.lock:
                    self.tally.broken[phase] += 1
                    self.tally.words.append(f"{phase}: {broken}")
            one, other = other, one
            # Sixty messages an hour are allowed.
            time.sleep(0.5)

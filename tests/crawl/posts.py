"""Every address that takes a form, with one that is good, from Dee's hands."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from ingest.models import Artist, Source
from ingest.services import source_link
from social.mails import off_token
from social.models import Connection, Topic
from social.services import mail_choices_update
from tests.conftest import NOW
from tests.crawl.conftest import Community
from tests.crawl.routes import Route, filled, routes
from tests.factories import make_person
from tests.factories.mails import make_notice

PASSWORD = "a long password"
# Addresses of allauth: what is ours of them is tested in tests/accounts.
NOT_OURS = ("account_", "socialaccount_", "spotify_", "accounts/")
_NOTHING = {
    "handle": "nobody_here",
    "source": "none",
    "connection_id": "00000000-0000-4000-8000-000000000000",
    "notice_id": "00000000-0000-4000-8000-000000000000",
    "token": "none",
}
_PASSING = {("accounts.user", "last_active_at"), ("accounts.user", "last_login")}
_UNWATCHED = {"sessions.session"}
# Answers that are not failures.
FINE = {200, 302, 303, 400, 403, 404, 405, 409, 410, 413, 429}


@dataclass(frozen=True, slots=True)
class Form:
    """What is sent where; ``texts`` are the fields that people type into."""

    route: Route
    values: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.route.name

    @property
    def address(self) -> str:
        return filled(self.route, self.values)

    def at(self, **values: str) -> "Form":
        return replace(self, values={**self.values, **values})

    def of_nothing(self) -> "Form":
        """The same form, for someone or something there is not."""
        return self.at(**{name: _NOTHING[name] for name in self.values})

    def saying(self, text: str) -> "Form":
        return replace(self, data={**self.data, **dict.fromkeys(self.texts, text)})


def our_routes() -> dict[str, Route]:
    return {r.name: r for r in routes() if not r.name.startswith(NOT_OURS)}


def forms_of(here: Community) -> dict[str, Form]:
    """Return a good form for each route that takes one, by the route's name."""
    known = our_routes()
    given = {**_about_oneself(here), **_about_sources(here), **_about_others(here)}
    return {
        name: Form(known[name], values, data, texts)
        for name, (values, data, texts) in given.items()
    }


_Parts = tuple[dict[str, str], dict[str, str], tuple[str, ...]]


def _about_oneself(here: Community) -> dict[str, _Parts]:
    profile = {"handle": "dee_here", "display_name": "Dee", "country": "", "bio": "I"}
    privacy = {"action": "pause"}
    joining = {**profile, "consent": "on", "shows_artists": ""}
    notice = make_notice(here.dee)
    mail_choices_update(person=here.dee, wanted=(Topic.DECISIONS,))
    return {
        "accounts:profile_edit": (
            {},
            {**profile, "time_zone": "UTC"},
            ("handle", "display_name", "country", "bio", "time_zone"),
        ),
        "accounts:privacy_edit": ({}, privacy, ("action", "is_hidden", "country")),
        "matching:welcome": ({}, joining, ("handle", "display_name", "country")),
        "accounts:sessions_end": ({}, {}, ()),
        "leaving:data_export": ({}, {}, ()),
        "leaving:account_close": ({}, {"password": PASSWORD}, ("password", "name")),
        "social:mail_choices": ({}, {"messages": "on"}, ("requests",)),
        "social:mail_off": ({"token": off_token(here.dee, Topic.DECISIONS)}, {}, ()),
        "social:appeal_create": (
            {"notice_id": str(notice.public_id)},
            {"words": "It was a joke."},
            ("words",),
        ),
    }


def _about_sources(here: Community) -> dict[str, _Parts]:
    artist = Artist.objects.get(name="Portishead")
    picked = "Portishead\nGrouper\nSade\nLow\nCan"
    source_link(
        person_id=here.dee.pk, source=Source.LISTENBRAINZ, user_name="dee", now=NOW
    )
    return {
        "ingest:muted": (
            {},
            {"artist": str(artist.pk), "action": "leave_out"},
            ("artist", "action"),
        ),
        "ingest:upload": ({}, {}, ("export",)),
        "ingest:source_connect": (
            {"source": "manual"},
            {"artists": picked},
            ("artists", "add", "q", "up"),
        ),
        "ingest:source_sync": ({"source": "listenbrainz"}, {}, ()),
        "ingest:source_use": ({"source": "export"}, {"use": "0"}, ("use",)),
        "ingest:source_disconnect": ({"source": "export"}, {}, ()),
    }


def _about_others(here: Community) -> dict[str, _Parts]:
    gil = make_person("gil_here")
    asked = _between(here.dee, here.cyd)
    asks = _between(here.eve, here.dee)
    connected = _between(here.dee, here.ben)
    return {
        "social:block_create": ({"handle": gil.handle or ""}, {}, ()),
        "social:block_remove": ({"handle": here.fay.handle or ""}, {}, ()),
        "social:connection_request": (
            {"handle": gil.handle or ""},
            {"note": "Hello"},
            ("note", "card", "kind", "name"),
        ),
        "social:connection_accept": ({"connection_id": asks}, {}, ()),
        "social:connection_decline": ({"connection_id": asks}, {}, ()),
        "social:connection_withdraw": ({"connection_id": asked}, {}, ()),
        "social:connection_remove": ({"connection_id": connected}, {}, ()),
        "social:thread": (
            {"handle": here.ben.handle or ""},
            {"body": "Hello", "once_key": str(uuid.uuid4())},
            ("body", "kind", "name", "artist"),
        ),
        "social:report_create": (
            {"handle": gil.handle or ""},
            {"reason": "spam", "words": "Look"},
            ("words",),
        ),
    }


def _between(asker: User, other: User) -> str:
    return str(Connection.objects.get(requester=asker, addressee=other).public_id)


# --- What a form changed --------------------------------------------------


def state() -> dict[str, list[str]]:
    """Read every row of every table, without its own number."""
    return {
        model._meta.label_lower: sorted(
            repr(_seen(model, row)) for row in model._base_manager.all()
        )
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label_lower not in _UNWATCHED
    }


def _seen(model: Any, row: Any) -> list[Any]:
    label = model._meta.label_lower
    return [
        getattr(row, column.attname)
        for column in model._meta.concrete_fields
        if column.name != "id" and (label, column.name) not in _PASSING
    ]


def changed(before: dict[str, list[str]]) -> list[str]:
    """Name the tables that are not as they were."""
    after = state()
    return [label for label in after if after[label] != before[label]]


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is done inside, and forget what the limits counted."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


# --- Sending --------------------------------------------------------------


def send(client: Client, form: Form) -> HttpResponse:
    return client.post(form.address, form.data)


def tell(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)

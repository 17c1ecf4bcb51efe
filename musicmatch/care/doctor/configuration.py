"""What the host wrote down: settings, keys, addresses, sources, mails."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import requests
from django.conf import settings
from django.core import checks, mail
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from accounts import gate
from ingest.sources.base import Way
from ingest.sources.registry import Source
from musicmatch.care import rotation
from musicmatch.care.doctor.lines import Line, fail, ok, warn

_PATIENCE = 5
# Values looked at for each column; rotate_keys --check looks at all of them.
_SAMPLE = 200
_UNSENT = {"console", "dummy", "locmem", "filebased"}


def all_settings(now: datetime) -> Iterator[Line]:
    """What the system checks say, those for a public site among them."""
    found = checks.run_checks(
        include_deployment_checks=not settings.DEBUG, databases=["default"]
    )
    for said in found:
        make = fail if said.is_serious() else warn
        # Some of Django's own come without a hint.
        advice = said.hint or "See manage.py check --deploy."
        yield make("settings", f"{said.msg.strip()} ({said.id})", advice)
    if not found:
        kind = "a laptop's" if settings.DEBUG else "a public site's"
        yield ok("settings", f"Every system check passes; these are {kind}.")


def secrets(now: datetime) -> Iterator[Line]:
    """Secrets that lie in files: there, readable, and what they should be."""
    paths = {
        name.removesuffix("_FILE"): Path(path)
        for name, path in os.environ.items()
        if name.endswith("_FILE") and hasattr(settings, name.removesuffix("_FILE"))
    }
    spoilt = False
    for name, path in sorted(paths.items()):
        for line in _of_file(name, path):
            spoilt = True
            yield line
    if not spoilt:
        said = f"{len(paths)} come from files." if paths else "None comes from a file."
        yield ok("secrets", said)


def _of_file(name: str, path: Path) -> Iterator[Line]:
    try:
        text, mode = path.read_text("utf-8"), path.stat().st_mode
    except (OSError, UnicodeDecodeError):
        yield fail("secrets", f"The file of {name} cannot be read.", f"See {path}.")
        return
    if text != text.strip():
        yield warn(
            "secrets",
            f"The file of {name} begins or ends with white space.",
            f"Write it anew without a line break: printf '%s' … > {path}",
        )
    if mode & 0o002:
        yield warn(
            "secrets", f"Everybody may write the file of {name}.", f"chmod o-w {path}"
        )


def encryption(now: datetime) -> Iterator[Line]:
    """Whether the keys open what is stored."""
    tallies = rotation.keys_count(most=_SAMPLE)
    unopened = sum(len(tally.unopened) for tally in tallies)
    looked_at = sum(tally.values for tally in tallies)
    if unopened:
        yield fail(
            "encryption",
            f"No key opens {unopened} of {looked_at} encrypted values looked at.",
            "Put the key of before at the end of FIELD_ENCRYPTION_KEYS.",
        )
        return
    count = len(settings.FIELD_ENCRYPTION_KEYS)
    keys = "One key" if count == 1 else f"{count} keys"
    advice = "manage.py rotate_keys --check says which may go." if count > 1 else ""
    yield ok("encryption", f"{keys}; all of {looked_at} values looked at open.", advice)


def address(now: datetime) -> Iterator[Line]:
    """Whether the site is found where it says it is, and how visitors get there."""
    yield _answer()
    if not settings.DEBUG and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        yield warn(
            "proxy",
            "TRUSTED_PROXY_COUNT is 0: with a proxy in front everybody shares one"
            " limit of signing in.",
            "Set it to the number of proxies, 1 for that of docker-compose.yml.",
        )


def _answer() -> Line:
    url = f"{settings.SITE_URL}{reverse('healthz')}"
    try:
        answer = requests.get(url, timeout=_PATIENCE, allow_redirects=False)
    except requests.RequestException as error:
        return warn(
            "address",
            f"{url} does not answer from here ({type(error).__name__}).",
            "Open it in a browser. From inside a container it may be out of reach.",
        )
    if answer.status_code == 200 and answer.text.strip() == "ok":
        return ok("address", f"{settings.SITE_URL} answers.")
    if answer.is_redirect:
        return warn(
            "address",
            f"{url} leads elsewhere (status {answer.status_code}).",
            "The proxy has to send X-Forwarded-Proto: https to the site.",
        )
    return warn(
        "address",
        f"{url} answers with status {answer.status_code}, and not as this site does.",
        "Is SITE_URL the address of this site, and does the proxy lead to it?",
    )


def sources(now: datetime) -> Iterator[Line]:
    """Where listening comes from."""
    if settings.SPOTIFY_CLIENT_ID:
        back = f"{settings.SITE_URL}{reverse('spotify_callback')}"
        yield ok(
            "spotify",
            f"Signing in with Spotify is on. It sends people back to {back}",
            "In Spotify's dashboard exactly that redirect URI has to be listed.",
        )
    else:
        yield ok("spotify", "Off: SPOTIFY_CLIENT_ID and its secret are not set.")
    for source in Source:
        if source.door.way in {Way.NAME, Way.CONSENT}:
            yield _source(source)
        closed = gate.closure(source, now) if source.door.open is not None else None
        if closed is not None:
            yield warn(
                source.value,
                f"It asked this site to wait until {closed.until:%Y-%m-%d %H:%M} UTC.",
                "Nothing: imports go on by themselves then.",
            )


def _source(source: Source) -> Line:
    name = source.upper()
    if not getattr(settings, f"{name}_URL", ""):
        return ok(source.value, f"Off: {name}_URL is empty.")
    if source.door.needs_key and not getattr(settings, f"{name}_API_KEY", ""):
        return ok(source.value, f"Off: {name}_API_KEY is not set.")
    return ok(source.value, "People can connect it.")


def mails(now: datetime) -> Iterator[Line]:
    """Whether mails would leave."""
    kind = settings.EMAIL_BACKEND.rpartition(".")[0].rpartition(".")[2]
    if kind in _UNSENT:
        make = ok if settings.DEBUG else warn
        yield make(
            "mail",
            f"Mails go nowhere ({kind}).",
            "Set EMAIL_URL, such as smtp+tls://user:password@host:587.",
        )
        return
    try:
        with mail.get_connection():
            pass
    except OSError as error:
        # Also what a mail server answers: its words may hold the user's name.
        yield fail(
            "mail",
            f"The mail server does not let us in ({type(error).__name__}).",
            "Look at EMAIL_URL: host, port, user, password, tls or ssl.",
        )
        return
    yield ok("mail", f"The mail server lets us in; from {settings.DEFAULT_FROM_EMAIL}.")


def send_mail(to: str) -> Line:
    """Send one mail, and say whether it was taken."""
    try:
        mail.send_mail(
            f"{settings.SITE_NAME} can send mails",
            f"{settings.SITE_URL} sent this because its host asked it to.\n",
            None,
            [to],
        )
    except (OSError, ValueError, ImproperlyConfigured) as error:
        return fail(
            "mail to",
            f"It could not be sent ({type(error).__name__}).",
            "Look at EMAIL_URL and EMAIL_FROM.",
        )
    return ok("mail to", "One was handed over. Did it arrive, and not as spam?")

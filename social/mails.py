"""What each mail says. Never what anyone wrote: that stays on the site."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from accounts.text import clean_line
from social.models import Notice, Topic


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in words: ``path`` is where on the site everything else stands."""

    topic: Topic
    subject: str
    sentence: str
    button: str
    path: str


# --- The letters ----------------------------------------------------------


def request_letter(*, by: User) -> Letter:
    who = _name(by)
    return Letter(
        topic=Topic.REQUESTS,
        subject=f"{who} would like to connect with you",
        sentence="Their request, and why your music is close, is on the site.",
        button="Read the request",
        path=reverse("social:connection_requests"),
    )


def accepted_letter(*, by: User) -> Letter:
    who = _name(by)
    return Letter(
        topic=Topic.ACCEPTED,
        subject=f"{who} accepted your request",
        sentence="You are connected now and can write to each other.",
        button=f"Write to {who}",
        path=reverse("social:thread", args=[by.handle]),
    )


def message_letter(*, by: User) -> Letter:
    who = _name(by)
    return Letter(
        topic=Topic.MESSAGES,
        subject=f"{who} wrote to you",
        sentence=(
            "Their message is on the site. Until you have read it, no further mail"
            " about this conversation is sent."
        ),
        button="Read the message",
        path=reverse("social:thread", args=[by.handle]),
    )


_DECIDED = {
    Notice.Kind.DECISION: "The moderators decided something about you",
    Notice.Kind.REPORT: "A report of yours was decided",
    Notice.Kind.APPEAL: "Your appeal was decided",
}


def decision_letter(*, kind: Notice.Kind) -> Letter:
    return Letter(
        topic=Topic.DECISIONS,
        subject=_DECIDED[kind],
        sentence="What was decided, and why, is on the site.",
        button="Read the notice",
        path=reverse("social:notices"),
    )


# --- From a letter to a mail ----------------------------------------------


def compose(letter: Letter, *, to: User, address: str) -> EmailMultiAlternatives:
    """Return a mail of plain text and HTML that can be switched off with one press."""
    off_url = _absolute(reverse("social:mail_off", args=[off_token(to, letter.topic)]))
    context = {
        "letter": letter,
        "name": _name(to),
        "url": _absolute(letter.path),
        "off_url": off_url,
        "choices_url": _absolute(reverse("social:mail_choices")),
        "site_name": settings.SITE_NAME,
    }
    message = EmailMultiAlternatives(
        subject=f"{letter.subject} · {settings.SITE_NAME}",
        body=render_to_string("emails/letter.txt", context),
        to=[address],
        headers={
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{off_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(
        render_to_string("emails/letter.html", context), "text/html"
    )
    return message


def _name(person: User) -> str:
    """What a person is called, in one line; empty for someone without any name yet.

    Names that came from a service were never in a form of ours.
    """
    return clean_line(person.display_name) or person.handle or ""


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"


# --- Switching a topic off from a mail ------------------------------------


def _signer() -> signing.Signer:
    # Not when this is read: the host's key may be missing, which a check says better.
    return signing.Signer(salt="social.mails.off")


def off_token(person: User, topic: Topic) -> str:
    """Return what lets whoever holds it switch this topic off, and nothing else."""
    return _signer().sign(f"{person.public_id.hex}.{topic.value}")


def read_off_token(token: str) -> tuple[UUID, Topic]:
    """Return the public id of the person and the topic.

    Raises ``signing.BadSignature`` for what was not made here.
    """
    public_id, _, topic = _signer().unsign(token).partition(".")
    return UUID(public_id), Topic(topic)

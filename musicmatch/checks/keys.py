"""Keys are there, and are keys."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from musicmatch.checks.common import TAG


def secret_key_is_set() -> bool:
    """Django refuses to hand out an empty one."""
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False


@register(TAG)
def keys_are_set(**_: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    if not secret_key_is_set():
        errors.append(
            Error(
                "SECRET_KEY is not set.",
                hint="Set SECRET_KEY or SECRET_KEY_FILE to a long random text.",
                id="musicmatch.E001",
            )
        )
    if not settings.FIELD_ENCRYPTION_KEYS:
        errors.append(
            Error(
                "FIELD_ENCRYPTION_KEYS is not set.",
                hint="Give one or more Fernet keys, newest first, with commas.",
                id="musicmatch.E002",
            )
        )
    return errors


@register(TAG)
def encryption_keys_are_fernet_keys(**_: Any) -> list[CheckMessage]:
    for position, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                Error(
                    f"Key {position} of FIELD_ENCRYPTION_KEYS is not a Fernet key.",
                    hint="A Fernet key is 32 random bytes in URL-safe base64.",
                    id="musicmatch.E003",
                )
            ]
    return []


# Whoever guesses one signs in as anybody: as short as a password is too short.
_SHORTEST = 20


@register(TAG)
def former_keys_are_keys(**_: Any) -> list[CheckMessage]:
    """A former key still opens sessions: a short one would open them to anyone."""
    for position, key in enumerate(settings.SECRET_KEY_FALLBACKS, start=1):
        if len(key) < _SHORTEST:
            return [
                Error(
                    f"Key {position} of SECRET_KEY_FALLBACKS is too short to be safe.",
                    hint="Take it out: sessions and links it signed end with it.",
                    id="musicmatch.E030",
                )
            ]
    return []


@register(TAG)
def former_keys_are_former(**_: Any) -> list[CheckMessage]:
    if not secret_key_is_set():
        return []
    if settings.SECRET_KEY not in settings.SECRET_KEY_FALLBACKS:
        return []
    return [
        CheckWarning(
            "SECRET_KEY is also one of SECRET_KEY_FALLBACKS: nothing was rotated.",
            hint="Make a new SECRET_KEY, or take it out of SECRET_KEY_FALLBACKS.",
            id="musicmatch.W031",
        )
    ]


# Whoever has the file may guess for as long as they like.
_SHORTEST_PASSPHRASE = 16


@register(TAG)
def passphrase_is_long(**_: Any) -> list[CheckMessage]:
    if not 0 < len(settings.BACKUP_PASSPHRASE) < _SHORTEST_PASSPHRASE:
        return []
    return [
        Error(
            "BACKUP_PASSPHRASE is short enough to be guessed.",
            hint=f"Use {_SHORTEST_PASSPHRASE} characters or more, or leave it empty.",
            id="musicmatch.E032",
        )
    ]

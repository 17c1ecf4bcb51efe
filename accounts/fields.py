"""A text column that is encrypted at rest, with keys that can be rotated."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class CannotDecrypt(Exception):
    """None of FIELD_ENCRYPTION_KEYS opens a stored value."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt with the newest key."""
    keys = tuple(settings.FIELD_ENCRYPTION_KEYS)
    return _fernet(keys).encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """Decrypt with whichever key fits; raises :class:`CannotDecrypt`."""
    keys = tuple(settings.FIELD_ENCRYPTION_KEYS)
    try:
        return _fernet(keys).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise CannotDecrypt("no key of FIELD_ENCRYPTION_KEYS opens it") from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Holds plain text in Python and a Fernet token in the database.

    An empty text stays empty. Values cannot be searched for: every write of the
    same text gives another token. Reading a row whose value no key opens raises
    :class:`CannotDecrypt`; ``defer`` the column where that must not happen.
    """

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return encrypt(text) if text else text

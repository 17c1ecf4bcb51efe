"""Encryption at rest, and keys that change."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from accounts.fields import CannotDecrypt, decrypt, encrypt
from accounts.models import SpotifyGrant

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


def raw_access_token() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM accounts_spotifygrant")
        return str(cursor.fetchone()[0])


def test_the_newest_key_writes_and_every_key_reads(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    with_old = encrypt("tøken ☃")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    with_new = encrypt("tøken ☃")
    assert decrypt(with_old) == decrypt(with_new) == "tøken ☃"
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert decrypt(with_new) == "tøken ☃"
    with pytest.raises(CannotDecrypt):
        decrypt(with_old)


def test_the_same_text_never_looks_the_same() -> None:
    assert encrypt("a token") != encrypt("a token")


@pytest.mark.parametrize("stored", ["", "plain", "ünreadable", "gAAAAA", "\x00"])
def test_what_no_key_wrote_cannot_be_read(stored: str) -> None:
    with pytest.raises(CannotDecrypt):
        decrypt(stored)


def test_a_column_holds_only_what_the_key_opens(grant: SpotifyGrant) -> None:
    raw = raw_access_token()
    assert grant.access_token not in raw
    assert decrypt(raw) == grant.access_token
    assert SpotifyGrant.objects.get().access_token == grant.access_token


def test_an_empty_text_stays_empty(grant: SpotifyGrant) -> None:
    SpotifyGrant.objects.update(access_token="")
    assert raw_access_token() == ""
    assert SpotifyGrant.objects.get().access_token == ""


def test_a_write_moves_a_row_to_the_newest_key(
    grant: SpotifyGrant, settings: Any
) -> None:
    first = settings.FIELD_ENCRYPTION_KEYS[0]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, first]
    stored = SpotifyGrant.objects.get()
    stored.save()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert SpotifyGrant.objects.get().access_token == grant.access_token


def test_a_row_without_its_key_says_so(grant: SpotifyGrant, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OTHER]
    with pytest.raises(CannotDecrypt):
        SpotifyGrant.objects.get()
    assert SpotifyGrant.objects.defer("access_token", "refresh_token").get() == grant

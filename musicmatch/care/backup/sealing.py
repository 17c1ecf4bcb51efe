"""The keys of a site in an archive: under a passphrase, open, or not at all."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from musicmatch.care.backup.archive import Archive
from musicmatch.care.backup.errors import BackupError

OPEN, SEALED = "keys.json", "keys.sealed.json"
# About a tenth of a second and 64 MB for each guess.
_COST, _BLOCK, _LANES = 2**16, 8, 1
# As the files of docker-compose.yml are called.
_FILES = ("secret_key", "secret_key_fallbacks", "field_encryption_keys")
Keys = Mapping[str, str]


def site_keys() -> Keys:
    """The keys this site runs with, by the names of their files."""
    return {
        "secret_key": settings.SECRET_KEY,
        "secret_key_fallbacks": ",".join(settings.SECRET_KEY_FALLBACKS),
        "field_encryption_keys": ",".join(settings.FIELD_ENCRYPTION_KEYS),
    }


def key_marks() -> list[str]:
    """A mark of each key that encrypts columns, from which the key cannot be told."""
    return [mark_of(key) for key in settings.FIELD_ENCRYPTION_KEYS]


def mark_of(key: str) -> str:
    # The key is 32 random bytes: no hash of it can be guessed backwards.
    return hashlib.sha256(f"musicmatch key mark {key}".encode()).hexdigest()[:16]


def write_keys(folder: Path, passphrase: str) -> str:
    """Put the keys beside the database; returns how, ``sealed`` or ``open``."""
    text = json.dumps(dict(site_keys()))
    if not passphrase:
        _write(folder / OPEN, text)
        return "open"
    salt = os.urandom(16)
    sealed = {
        "salt": base64.b64encode(salt).decode(),
        "cost": _COST,
        "keys": _fernet(passphrase, salt, _COST).encrypt(text.encode()).decode(),
    }
    _write(folder / SEALED, json.dumps(sealed))
    return "sealed"


def read_keys(archive: Archive, passphrase: str) -> Keys:
    """Return the keys of an archive; raises ``BackupError`` when they cannot be had."""
    match archive.manifest.keys:
        case "open":
            with archive.member(OPEN) as file:
                text = file.read()
        case "sealed":
            with archive.member(SEALED) as file:
                text = _unsealed(json.loads(file.read()), passphrase)
        case _:
            raise BackupError("There are no keys in this archive.")
    found = json.loads(text)
    return {name: str(found[name]) for name in _FILES}


def write_key_files(keys: Keys, folder: Path) -> list[Path]:
    """Write each key into a file of its own, never over one that is there."""
    paths = [folder / name for name in keys]
    for path in paths:
        if path.exists():
            raise BackupError(f"There is a file {path} already: choose another folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, key in zip(paths, keys.values(), strict=True):
        _write(path, key)
    return paths


def _unsealed(sealed: Mapping[str, object], passphrase: str) -> bytes:
    if not passphrase:
        raise BackupError(
            "The keys in this archive are under a passphrase: set BACKUP_PASSPHRASE."
        )
    salt, cost = base64.b64decode(str(sealed["salt"])), int(str(sealed["cost"]))
    try:
        return _fernet(passphrase, salt, cost).decrypt(str(sealed["keys"]).encode())
    except InvalidToken as error:
        raise BackupError("BACKUP_PASSPHRASE is not that of this archive.") from error


def _fernet(passphrase: str, salt: bytes, cost: int) -> Fernet:
    stretched = Scrypt(salt=salt, length=32, n=cost, r=_BLOCK, p=_LANES)
    return Fernet(base64.urlsafe_b64encode(stretched.derive(passphrase.encode())))


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")

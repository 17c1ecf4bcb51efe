"""The file itself: a tar with a manifest that names every other member and its hash.

The manifest comes first and its own hash last, so that a file that was cut off or
changed anywhere is known before anything is restored from it.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from musicmatch.care.backup.errors import BackupError

# Of the layout: raised when an older reader would misread it.
FORMAT = 1
MANIFEST, SEAL = "manifest.json", "manifest.sha256"
_PIECE = 1024 * 1024
_LARGEST_MANIFEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive is of.

    ``migrations`` are those its database had; ``database`` is what its engine needs to
    restore it. ``key_marks`` tell keys apart without telling anything of them.
    """

    made_at: str
    version: str
    engine: str
    migrations: list[list[str]]
    database: dict[str, Any]
    keys: str
    key_marks: list[str]
    members: list[Member] = field(default_factory=list)
    format: int = FORMAT

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a manifest; raises ``BackupError`` for one that is none of ours."""
        try:
            values = json.loads(text)
            if values["format"] > FORMAT:
                raise BackupError(
                    "A newer version of Musicmatch made this archive. Restore it there."
                )
            values["members"] = [Member(**member) for member in values["members"]]
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise damaged("its manifest cannot be read") from error


def damaged(what: str) -> BackupError:
    return BackupError(f"This archive is damaged or none of Musicmatch: {what}.")


# --- Writing --------------------------------------------------------------


@contextmanager
def workshop(beside: Path) -> Iterator[Path]:
    """A folder for the parts, readable by nobody else and gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=".musicmatch-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(target: Path, parts: Path, manifest: Manifest) -> None:
    """Put the files of a folder into one archive: whole under its name, or not there.

    Raises ``BackupError`` when there is such a file already.
    """
    names = sorted(path.name for path in parts.iterdir())
    manifest.members.extend(_member(parts / name) for name in names)
    draft = parts / ".archive"
    with draft.open("xb") as file:
        draft.chmod(0o600)
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            text = manifest.to_json()
            _add(tar, MANIFEST, text)
            for name in names:
                tar.add(parts / name, name, filter=_anonymous)
            _add(tar, SEAL, hashlib.sha256(text).hexdigest().encode())
        file.flush()
        os.fsync(file.fileno())
    refuse_taken(target)
    os.replace(draft, target)
    _settle(target.parent)


def refuse_taken(target: Path) -> None:
    """Raise ``BackupError`` rather than let a backup take the place of another."""
    if target.exists():
        raise BackupError(f"There is a file {target} already.")


def _member(path: Path) -> Member:
    with path.open("rb") as file:
        return Member(path.name, path.stat().st_size, _hash_of(file))


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without whose account on the machine wrote it."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _settle(folder: Path) -> None:
    """Have the name itself on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _hash_of(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while piece := file.read(_PIECE):
        found.update(piece)
    return found.hexdigest()


# --- Reading --------------------------------------------------------------


class Archive:
    """An archive that is there and whole."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self._tar = tar
        self.manifest = manifest

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """Open one of the files; raises ``BackupError`` when there is none such."""
        file = _opened(self._tar, name)
        with file:
            yield file


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive and read all of it once; raises ``BackupError`` if not whole.

    Nothing is unpacked under a name that stands in it.
    """
    try:
        tar = tarfile.open(path, mode="r:")  # noqa: SIM115
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    except tarfile.TarError as error:
        raise damaged("it is no tar file") from error
    with tar:
        yield Archive(tar, _checked(tar))


def _checked(tar: tarfile.TarFile) -> Manifest:
    text = _small(tar, MANIFEST)
    if hashlib.sha256(text).hexdigest().encode() != _small(tar, SEAL).strip():
        raise damaged("its manifest was changed")
    manifest = Manifest.from_json(text)
    for member in manifest.members:
        with _opened(tar, member.name) as file:
            try:
                is_whole = _hash_of(file) == member.sha256
            except (OSError, tarfile.TarError):
                is_whole = False
        if not is_whole:
            raise damaged(f"{member.name} is not what it was")
    return manifest


def _small(tar: tarfile.TarFile, name: str) -> bytes:
    with _opened(tar, name) as file:
        return file.read(_LARGEST_MANIFEST)


def _opened(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        file = tar.extractfile(name)
    except (KeyError, tarfile.TarError, OSError) as error:
        raise damaged(f"{name} is missing") from error
    if file is None:
        raise damaged(f"{name} is no file")
    return file

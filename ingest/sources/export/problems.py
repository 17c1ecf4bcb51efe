"""What was wrong with a file of an upload, in words that say what to do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from accounts.text import clean_line

REQUEST_URL = "https://www.spotify.com/account/privacy/"
_AS_SENT = "Upload the ZIP just as Spotify sent it, or the JSON files in it."
_AGAIN = "Download it from Spotify again and upload that."
_UNPACK = "Unpack it and upload the JSON files in it."
_WHICH = (
    "Listening is in the files whose names begin with Streaming_History_Audio,"
    " StreamingHistory or endsong."
)
_LONGEST_NAME = 80


class Trouble(Enum):
    """The kinds of trouble, each with its sentence."""

    STRANGE = f"{{file}} is neither a ZIP archive nor a JSON file. {_AS_SENT}"
    BROKEN_ZIP = f"{{file}} is a damaged or incomplete ZIP archive. {_AGAIN}"
    EMPTY = (
        "{file} is empty. If that cannot be right, download the export from Spotify"
        " again."
    )
    PASSWORD = f"{{file}} is protected with a password. {_UNPACK}"
    PACKING = f"{{file}} is packed in a way that is not read here. {_UNPACK}"
    BOMB = f"{{file}} unpacks to far more than listening takes. {_AGAIN}"
    UNSAFE_NAME = (
        "{file} has a name that leads out of its archive, so it was not opened."
        " Unpack the archive and upload the JSON file by itself."
    )
    LINK = "{file} only points to another file. Upload the JSON file itself."
    NESTED = (
        "{file} is an archive inside an archive, so it was not opened. Unpack the"
        " outer one and upload the inner one."
    )
    TWICE = (
        "{file} is in its archive twice, and only the first was read. If something"
        " is missing, unpack the archive and upload the JSON file by itself."
    )
    TOO_MANY = (
        "{file} holds too many files: an upload may hold {members}. Upload only"
        " those whose names begin with Streaming_History_Audio, StreamingHistory"
        " or endsong."
    )
    TOO_LARGE = (
        "{file} makes the upload larger than {packed}. Unpack it if it is a ZIP, and"
        " upload the JSON files in smaller parts, one after the other."
    )
    TOO_LARGE_UNPACKED = (
        "{file} makes the upload larger than {unpacked} unpacked. Upload the JSON"
        " files in smaller parts, one after the other."
    )
    TOO_LONG = (
        "{file} makes the upload longer than {rows} rows, which no listening is. It"
        " was read up to there."
    )
    TECHNICAL_LOG = (
        "{file} is Spotify’s technical log, which holds no listening. Ask for"
        f" “Extended streaming history” on {REQUEST_URL} and upload that."
    )
    ONLY_ACCOUNT = (
        "{file} holds account data but no music listened to. Ask for “Extended"
        f" streaming history” on {REQUEST_URL} and upload that."
    )
    NO_HISTORY = f"{{file}} holds no listening history. {_WHICH}"
    DAMAGED = (
        "{file} is damaged, and some plays are lost. All that could be read was"
        " imported. Download the export from Spotify again to get the rest."
    )
    CUT_SHORT = (
        "{file} ends too early. The plays up to there were imported. Download the"
        " export from Spotify again to get the rest."
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of trouble; ``file`` is the first that has it, ``others`` how many more.

    ``archive`` is the name of the archive a file is in, "" for one by itself.
    """

    trouble: Trouble
    file: str
    archive: str
    sentence: str
    others: int = 0

    def __str__(self) -> str:
        if not self.others:
            return self.sentence
        files = "1 more file" if self.others == 1 else f"{self.others:,} more files"
        return f"{self.sentence} The same is true of {files}."


class Problems:
    """Collects problems; the same trouble in one archive is told once."""

    def __init__(self, **amounts: str) -> None:
        self._amounts = amounts
        self._found: dict[tuple[Trouble, str], Problem] = {}

    def add(self, trouble: Trouble, file: str, *, archive: str = "") -> None:
        file, archive = shown_name(file), shown_name(archive) if archive else ""
        key = (trouble, archive or file)
        earlier = self._found.get(key)
        if earlier is not None:
            self._found[key] = replace(earlier, others=earlier.others + 1)
            return
        place = f"{file} in {archive}" if archive else file
        sentence = trouble.value.format(file=place, **self._amounts)
        self._found[key] = Problem(trouble, file, archive, sentence)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())


def shown_name(name: str) -> str:
    """The last part of a file's name, fit to be shown."""
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    if len(base) > 4 * _LONGEST_NAME:
        base = base[: 2 * _LONGEST_NAME] + base[-2 * _LONGEST_NAME :]
    clean = clean_line(base) or "A file without a name"
    if len(clean) <= _LONGEST_NAME:
        return clean
    return f"{clean[: _LONGEST_NAME - 20]}…{clean[-19:]}"

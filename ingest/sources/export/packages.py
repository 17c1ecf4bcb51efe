"""What Spotify's packages look like: which files are read, which only tell."""

import re
from collections.abc import Iterable
from enum import Enum

from ingest.sources.export.problems import Trouble

# Account data holds addresses, payments and messages too: nothing else is opened.
_EXTENDED = re.compile(r"(streaming_history_audio|endsong).*\.json")
_ACCOUNT = re.compile(r"streaminghistory(_music.*|[0-9].*)\.json")
_ARCHIVE = re.compile(r".*\.(zip|7z|rar|gz|tgz|tar)")
_TECHNICAL_LOG = "readmefirst_technicalloginformation.pdf"
_OF_ACCOUNT = re.compile(
    r"(userdata|identity|yourlibrary|playlist[0-9]+|payments|inferences|follow"
    r"|searchqueries|streaminghistory_(podcast|audiobook)_[0-9]+)\.json"
    r"|read_me_first\.pdf"
)


class Shape(Enum):
    """The two shapes of history. Extended is read first: it knows more."""

    EXTENDED = 1
    ACCOUNT = 2


def base_name(path: str) -> str:
    """The last part of a path, however its archive was packed."""
    return path.replace("\\", "/").rpartition("/")[2]


def shape_of(path: str) -> Shape | None:
    """The shape a member of an archive has by its name, None for what is not read."""
    name = base_name(path).lower()
    if _EXTENDED.fullmatch(name):
        return Shape.EXTENDED
    return Shape.ACCOUNT if _ACCOUNT.fullmatch(name) else None


def is_archive(path: str) -> bool:
    return _ARCHIVE.fullmatch(base_name(path).lower()) is not None


def what_it_is(paths: Iterable[str]) -> Trouble:
    """Tell by its names what an archive without history is."""
    names = {base_name(path).lower() for path in paths}
    if _TECHNICAL_LOG in names:
        return Trouble.TECHNICAL_LOG
    if any(_OF_ACCOUNT.fullmatch(name) for name in names):
        return Trouble.ONLY_ACCOUNT
    return Trouble.NO_HISTORY

"""Under which licences the packages are that the site runs with.

Read from what is installed, for the names in ``requirements.txt``: its lines are all
that a host installs.
"""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

from musicmatch.settings import BASE_DIR

REQUIREMENTS = BASE_DIR / "requirements.txt"
UNKNOWN = "unknown"
# What a site may be run and passed on with; weak copyleft only of whole packages.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "LGPL-3.0-only",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
# Words of older packages, which name no expression.
_WORDS = {
    "apache software license": "Apache-2.0",
    "bsd license": "BSD",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "new bsd": "BSD",
}
# Of other platforms and versions of Python than this one.
_ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD",
    "tzdata": "Apache-2.0",
}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_CLASSIFIER = "License :: "


class Package(NamedTuple):
    name: str
    version: str
    licence: str

    @property
    def is_allowed(self) -> bool:
        """Whether every part of it is, or one of those there is a choice of."""
        choices = self.licence.split(" OR ")
        return any(set(choice.split(" AND ")) <= ALLOWED for choice in choices)


def packages(requirements: Path = REQUIREMENTS) -> list[Package]:
    """Return what a host installs, by name."""
    found = _PINNED.findall(requirements.read_text(encoding="utf-8"))
    return [Package(name, version, licence_of(name)) for name, version in found]


def licence_of(name: str) -> str:
    """Return a package's licence as it names it itself, in one manner of writing."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return _ELSEWHERE.get(name, UNKNOWN)
    said = [
        value.rpartition(" :: ")[2]
        for value in about.get_all("Classifier", [])
        if value.startswith(_CLASSIFIER)
    ]
    # Some put the whole text there.
    words = about["License"] or ""
    texts = [] if "\n" in words or words == "Dual License" else [words]
    return _first_known([about["License-Expression"] or "", *texts, " OR ".join(said)])


def _first_known(texts: Iterable[str]) -> str:
    for text in texts:
        if text.strip():
            parts = text.strip().split(" OR ")
            return " OR ".join(_WORDS.get(part.lower(), part) for part in parts)
    return UNKNOWN


def table(found: Iterable[Package]) -> str:
    """Return the list as it stands in ``docs/third-party.md``."""
    rows = [f"| {name} | {version} | {licence} |" for name, version, licence in found]
    return "\n".join(["| Package | Version | Licence |", "| --- | --- | --- |", *rows])

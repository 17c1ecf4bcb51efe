"""Index files: parts that never change, and a manifest that names those in use.

A part is one file of arrays. Writing a generation adds the parts that are new and then
replaces MANIFEST.json in a single step; until that moment, and after any failure
before it, the generation before is the current one. Readers map the files, so several
processes share one copy in memory, and keep what they mapped when parts are swept.
A generation may also be written to wait beside the current one, under NEXT.json.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar, get_type_hints

import numpy as np

from matching.engine.constants import FORMAT_VERSION

MANIFEST = "MANIFEST.json"
NEXT = "NEXT.json"
GENERATIONS_KEPT = 2
_ALIGNMENT = 64
_Content = TypeVar("_Content")


class IndexMissing(LookupError):
    """There is no index in this folder yet."""


class IndexCorrupt(ValueError):
    """The index files are not what their manifest says."""


@dataclass(frozen=True, slots=True)
class Part(Generic[_Content]):
    """Something kept in one file; about is None until it is written.

    about holds the file's name and size, where its arrays stand, and plain numbers.
    """

    content: _Content
    about: Mapping[str, Any] | None = None


def flatten(value: Any, name: str = "") -> dict[str, Any]:
    """Lay a tree of dataclasses out as arrays and plain numbers by dotted name."""
    if not is_dataclass(value):
        return {name: value}
    flat: dict[str, Any] = {}
    for field in fields(value):
        path = f"{name}.{field.name}" if name else field.name
        flat |= flatten(getattr(value, field.name), path)
    return flat


def rebuild(kind: type[Any], flat: dict[str, Any], name: str = "") -> Any:
    """Undo `flatten`; raise IndexCorrupt for a name that is missing."""
    if not is_dataclass(kind):
        if name not in flat:
            raise IndexCorrupt(f"{name} is missing.")
        return flat[name]
    parts = {
        field: rebuild(of, flat, f"{name}.{field}" if name else field)
        for field, of in _hints(kind).items()
    }
    return kind(**parts)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


# --- Writing ----------------------------------------------------------------


def write_generation(
    folder: Path,
    parts: Mapping[str, Part[Any]],
    about: Mapping[str, Any],
    *,
    serves: bool = True,
) -> int:
    """Write a generation, make it the current or the next one, and return its number.

    Parts that are in the folder already are only named again. Files that none of the
    newest two whole generations names are removed. Only one process may write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generation = _last_number(folder) + 1
    _sweep(folder)
    try:
        written = {
            name: dict(part.about or _write_part(folder, generation, name, part))
            for name, part in parts.items()
        }
        manifest = {
            "version": FORMAT_VERSION,
            "generation": generation,
            **about,
            "parts": written,
        }
        text = json.dumps(manifest, sort_keys=True)
        _replace(folder / _manifest_name(generation), text)
        _replace(folder / (MANIFEST if serves else NEXT), text)
    finally:
        _sweep(folder)
    return generation


def let_serve(folder: Path) -> None:
    """Make the generation that waits the current one, in a single step."""
    os.replace(folder / NEXT, folder / MANIFEST)
    _sweep(folder)


def _write_part(
    folder: Path, generation: int, name: str, part: Part[Any]
) -> dict[str, Any]:
    path = folder / f"{name}-{generation:06d}.part"
    arrays: dict[str, Any] = {}
    values: dict[str, Any] = {}
    with path.open("wb") as file:
        for key, value in flatten(part.content).items():
            if not isinstance(value, np.ndarray):
                values[key] = value
                continue
            file.write(bytes(-file.tell() % _ALIGNMENT))
            arrays[key] = [value.dtype.str, list(value.shape), file.tell()]
            # Says why it fails, as where the disk is full; `tofile` does not.
            file.write(np.ascontiguousarray(value).data)
        file.write(bytes(_ALIGNMENT))
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    return {"file": path.name, "size": size, "arrays": arrays, "values": values}


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _last_number(folder: Path) -> int:
    """The highest number in the folder: a name is never given to a second file.

    Writing into a file that someone maps would end them.
    """
    names = [re.fullmatch(r".*-(\d+)\.(?:part|json)", p.name) for p in folder.glob("*")]
    found = (int(name[1]) for name in names if name)
    named = (_number(_json(folder / name)) or 0 for name in (MANIFEST, NEXT))
    return max([0, *named, *found])


def _sweep(folder: Path) -> None:
    """Remove what no kept generation names, and what a killed writer left."""
    kept = {MANIFEST, NEXT, *map(_manifest_name, _kept(folder))}
    named = {part.get("file") for name in kept for part in _parts(_json(folder / name))}
    found = (folder.glob(shape) for shape in ("*.part", "MANIFEST*.*", "NEXT.*"))
    for path in chain.from_iterable(found):
        if path.name not in named | kept:
            path.unlink(missing_ok=True)


def _kept(folder: Path) -> list[int]:
    """The newest generations up to the current one that are whole, and the next one."""
    current = _number(_json(folder / MANIFEST))
    waiting = _number(_json(folder / NEXT))
    # A later one is what a writer was about to make the current one.
    done = [
        generation
        for generation in generations(folder)
        if (current is None or generation <= current)
        and generation != waiting
        and _is_whole(folder, generation)
    ]
    return [*done[:GENERATIONS_KEPT], *([waiting] if waiting else [])]


def _is_whole(folder: Path, generation: int) -> bool:
    """Whether this program can read a generation, by its manifest and its sizes."""
    manifest = _json(folder / _manifest_name(generation))
    parts = _parts(manifest)
    paths = [folder / str(part.get("file")) for part in parts]
    return (
        manifest.get("version") == FORMAT_VERSION
        and bool(parts)
        and all(path.is_file() for path in paths)
        and [path.stat().st_size for path in paths] == [p.get("size") for p in parts]
    )


def _number(manifest: Mapping[str, Any]) -> int | None:
    """The generation of a manifest; None when it does not say."""
    number = manifest.get("generation")
    return number if isinstance(number, int) else None


def _parts(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a manifest, as far as it can be understood."""
    parts = manifest.get("parts")
    found = parts.values() if isinstance(parts, dict) else ()
    return [part for part in found if isinstance(part, dict)]


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


# --- Reading ----------------------------------------------------------------


def generations(folder: Path) -> list[int]:
    """Numbers of the generations whose manifests are in the folder, newest first."""
    names = [re.fullmatch(r"MANIFEST-(\d+)\.json", p.name) for p in folder.glob("*")]
    return sorted((int(name[1]) for name in names if name), reverse=True)


def _manifest_name(generation: int) -> str:
    return f"MANIFEST-{generation:06d}.json"


def waiting_about(folder: Path) -> dict[str, Any]:
    """What the generation that waits says of itself; {} when none can be used."""
    number = _number(_json(folder / NEXT))
    whole = number is not None and _is_whole(folder, number)
    return _json(folder / NEXT) if whole else {}


def read_manifest(folder: Path, generation: int | None = None) -> dict[str, Any]:
    """Read the manifest of a generation, the current one unless another is named.

    Raises IndexMissing without a manifest, IndexCorrupt when it cannot be used.
    """
    name = MANIFEST if generation is None else _manifest_name(generation)
    try:
        manifest = json.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError as error:
        raise IndexMissing(f"No {name} in {folder}.") from error
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{name} cannot be read as JSON: {error}") from error
    version = manifest.get("version") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise IndexCorrupt(
            f"{name} has version {version}, this program reads {FORMAT_VERSION}."
        )
    return dict(manifest)


def read_part(
    folder: Path, manifest: Mapping[str, Any], name: str, kind: type[_Content]
) -> Part[_Content]:
    """Map a part; raise IndexCorrupt when it is not what the manifest says."""
    try:
        about = manifest["parts"][name]
        file, size = str(about["file"]), int(about["size"])
        arrays, values = dict(about["arrays"]), dict(about["values"])
    except (KeyError, TypeError, ValueError) as error:
        raise IndexCorrupt(f"The manifest does not say what {name} is.") from error
    data = _map(folder / file, size)
    try:
        flat = {key: _array(data, *where) for key, where in arrays.items()}
    except (TypeError, ValueError) as error:
        raise IndexCorrupt(f"{file} is not laid out as {name}: {error}") from error
    return Part(rebuild(kind, {**values, **flat}), about)


def _map(path: Path, size: int) -> np.ndarray:
    try:
        if path.stat().st_size != size:
            raise IndexCorrupt(f"{path.name} is not {size} bytes long.")
        mapped = np.memmap(path, np.uint8, mode="r")
    except (OSError, ValueError) as error:
        if isinstance(error, IndexCorrupt):
            raise
        raise IndexCorrupt(f"{path.name} cannot be read: {error}") from error
    # Slicing a memmap object is far slower than slicing the array under it.
    return np.asarray(mapped.view(np.ndarray))


def _array(data: np.ndarray, kind: str, shape: list[int], start: int) -> np.ndarray:
    dtype = np.dtype(kind)
    size = dtype.itemsize * int(np.prod(shape))
    return data[start : start + size].view(dtype).reshape(shape)

"""Index files: one folder of arrays per generation, and a manifest that names it.

A generation is written whole beside the older ones; replacing MANIFEST.json makes it
the current one in a single step. Readers map the arrays, so several processes share
one copy in memory, and keep what they mapped when a newer generation arrives.
"""

import json
import os
import shutil
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from matching.engine.constants import FORMAT_VERSION

MANIFEST = "MANIFEST.json"
GENERATIONS_KEPT = 2


class IndexMissing(LookupError):
    """There is no index in this folder yet."""


class IndexCorrupt(ValueError):
    """The index files are not what their manifest says."""


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
    hints = get_type_hints(kind)
    parts = {
        field.name: rebuild(
            hints[field.name], flat, f"{name}.{field.name}" if name else field.name
        )
        for field in fields(kind)
    }
    return kind(**parts)


def write_generation(folder: Path, value: Any, about: dict[str, Any]) -> int:
    """Write a generation, make it the current one, and return its number.

    All generations but the newest two are removed. Only one process may write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generation = max([0, *_numbers(folder)]) + 1
    home = _home(folder, generation)
    home.mkdir()
    arrays, values = {}, {}
    for name, part in flatten(value).items():
        if isinstance(part, np.ndarray):
            arrays[name] = _write_array(home / f"{name}.npy", part)
        else:
            values[name] = part
    manifest = {
        "version": FORMAT_VERSION,
        "generation": generation,
        **about,
        "values": values,
        "arrays": arrays,
    }
    _replace(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    for old in sorted(_numbers(folder))[:-GENERATIONS_KEPT]:
        shutil.rmtree(_home(folder, old), ignore_errors=True)
    return generation


def read_generation(folder: Path, kind: type[Any]) -> tuple[Any, dict[str, Any]]:
    """Map the current generation; return it and its manifest.

    Raises IndexMissing without a manifest, IndexCorrupt when anything does not fit it.
    """
    manifest = _read_manifest(folder)
    try:
        home = _home(folder, int(manifest["generation"]))
        flat = dict(manifest["values"])
        sizes = dict(manifest["arrays"])
    except (KeyError, TypeError, ValueError) as error:
        raise IndexCorrupt(f"{MANIFEST} lacks {error}.") from error
    for name, size in sizes.items():
        flat[name] = _map_array(home / f"{name}.npy", size)
    return rebuild(kind, flat), manifest


def _home(folder: Path, generation: int) -> Path:
    return folder / f"generation-{generation:06d}"


def _numbers(folder: Path) -> list[int]:
    names = [path.name.partition("-")[2] for path in folder.glob("generation-*")]
    return [int(name) for name in names if name.isdigit()]


def _write_array(path: Path, array: np.ndarray) -> int:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except FileNotFoundError as error:
        raise IndexMissing(f"No {MANIFEST} in {folder}.") from error
    except ValueError as error:
        raise IndexCorrupt(f"{MANIFEST} is not JSON.") from error
    version = manifest.get("version") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise IndexCorrupt(
            f"{MANIFEST} has version {version}, this program reads {FORMAT_VERSION}."
        )
    return dict(manifest)


def _map_array(path: Path, size: int) -> np.ndarray:
    try:
        if path.stat().st_size != size:
            raise IndexCorrupt(f"{path.name} is not {size} bytes long.")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        if isinstance(error, IndexCorrupt):
            raise
        raise IndexCorrupt(f"{path.name} cannot be read: {error}") from error
    # Slicing a memmap object is far slower than slicing the array under it.
    return np.asarray(array.view(np.ndarray))

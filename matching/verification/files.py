"""The files of the index folder against the manifests that name them."""

from collections.abc import Iterator
from pathlib import Path

from matching import engine
from matching.engine.store import GENERATIONS_KEPT, read_manifest, waiting_about


def wrong_files(folder: Path) -> Iterator[str]:
    """Say which files are left over or cannot be read, once no builder is at work."""
    kept = engine.generations(folder)
    waits = bool(waiting_about(folder))
    if len(kept) > GENERATIONS_KEPT + waits:
        yield f"{len(kept)} generations are kept, not {GENERATIONS_KEPT}"
    named = set()
    for generation in kept:
        try:
            engine.Index.load(folder, generation)
        except engine.IndexCorrupt as error:
            yield f"generation {generation} cannot be read: {error}"
            continue
        parts = read_manifest(folder, generation)["parts"]
        named |= {str(part["file"]) for part in parts.values()}
    left = {path.name for path in [*folder.glob("*.part"), *folder.glob("*.tmp")]}
    if left - named:
        yield f"left over: {', '.join(sorted(left - named))}"

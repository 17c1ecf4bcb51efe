"""The secrets' files: what the shell gives, and what a first start makes up."""

import os
import subprocess

from musicmatch.stack.options import BASE_DIR, Options
from musicmatch.stack.variables import SECRETS
from musicmatch.supervisor.errors import SupervisorError

_SCRIPT = BASE_DIR / "deploy" / "make-secrets"
_MODE = 0o444


def write(options: Options) -> None:
    """Write the files that ``docker-compose.yml`` expects, with the script for it.

    Whatever the shell gives replaces what an earlier start wrote; the rest stays.

    Raises:
        SupervisorError: the script did not run.
    """
    folder = options.under("secrets")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    given = {name: options.shell.get(name, "") for name in SECRETS}
    given |= {"DATABASE_URL": options.database_url, "REDIS_URL": options.redis_url}
    for name, value in given.items():
        if value:
            _replace(folder / name.lower(), value)
    done = subprocess.run(  # noqa: S603
        ["/bin/sh", str(_SCRIPT), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SupervisorError(f"The secrets could not be made: {done.stderr}")


def _replace(path: os.PathLike[str], value: str) -> None:
    draft = f"{path}.new"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(value)
    os.chmod(draft, _MODE)
    os.replace(draft, path)

"""What a run of the stack is told, from the command line and the shell."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).resolve().parents[2]
_DATABASE_URL = "postgres://postgres@127.0.0.1:5432/musicmatch_stack"
_REDIS_URL = "redis://127.0.0.1:6379/7"


@dataclass(frozen=True, slots=True)
class Options:
    """One run. Without a proxy people come to ``web_port``, and without TLS."""

    data_dir: Path
    port: int
    http_port: int
    web_port: int
    probe_port: int
    demo_people: int
    has_proxy: bool
    follow_parent: bool
    same_user: bool
    settings: str
    database_url: str
    redis_url: str
    shell: Mapping[str, str]

    @property
    def site_url(self) -> str:
        given = self.shell.get("SITE_URL", "")
        if given:
            return given
        if self.has_proxy:
            return f"https://127.0.0.1:{self.port}"
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def host(self) -> str:
        return urlsplit(self.site_url).hostname or ""

    @property
    def ports(self) -> dict[str, int]:
        """The ports to be listened on, by what for."""
        web = {"web": self.web_port}
        if not self.has_proxy:
            return web
        proxy = {"https": self.port, "http": self.http_port, "probe": self.probe_port}
        return web | proxy

    def under(self, name: str) -> Path:
        return self.data_dir / name


def read(
    arguments: Sequence[str], shell: Mapping[str, str], *, has_caddy: bool
) -> Options:
    """Return the options: arguments go before the shell's variables."""
    parser = argparse.ArgumentParser(
        prog="make stack",
        description=(
            "Run the site as it is hosted. DATABASE_URL, REDIS_URL and every setting"
            " of .env.example come from the shell."
        ),
    )
    add = parser.add_argument
    data_dir = shell.get("DATA_DIR") or str(BASE_DIR / "var" / "stack")
    add("--data-dir", type=Path, default=Path(data_dir))
    for name, default, what in (
        ("PORT", 8443, "the site's own, with TLS"),
        ("HTTP_PORT", 8480, "leads on to the site's own"),
        ("WEB_PORT", 8400, "gunicorn, on the loopback"),
        ("PROBE_PORT", 8420, "answers while the proxy is up"),
    ):
        flag = f"--{name.lower().replace('_', '-')}"
        add(flag, type=int, default=int(shell.get(name) or default), help=what)
    people = int(shell.get("DEMO_PEOPLE") or 0)
    add("--demo-people", type=int, default=people, help="0 = none")
    add("--plain", action="store_true", help="no proxy and no TLS")
    add("--settings", default="musicmatch.settings", help="for tests")
    add("--same-user", action="store_true", help="root stays root")
    add("--follow-parent", action="store_true", help="stop when its parent has gone")
    given = parser.parse_args(arguments)
    return Options(
        data_dir=given.data_dir.resolve(),
        port=given.port,
        http_port=given.http_port,
        web_port=given.web_port,
        probe_port=given.probe_port,
        demo_people=given.demo_people,
        has_proxy=has_caddy and not given.plain,
        follow_parent=given.follow_parent,
        same_user=given.same_user,
        settings=given.settings,
        database_url=shell.get("DATABASE_URL") or _DATABASE_URL,
        redis_url=shell.get("REDIS_URL") or _REDIS_URL,
        shell=shell,
    )


def from_process(arguments: Sequence[str], *, has_caddy: bool) -> Options:
    return read(arguments, os.environ, has_caddy=has_caddy)

"""Let other people's tools look at every page of the site as it is hosted."""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from musicmatch.proofs.scans import tools
from musicmatch.proofs.scans.crawl import Crawl, crawl, session_with
from musicmatch.proofs.scans.routes import ENDS, addresses
from musicmatch.proofs.scans.scene import Scene, scene_make
from musicmatch.proofs.servers import Postgres, Redis, kept_or_temporary
from musicmatch.proofs.site import DidNotStart, Site

_ROLES = ("signed out", "member", "moderator")
_SCANS = ("html", "lighthouse", "wapiti", "sqlmap")
_ATTACK_SECONDS = 240


class Command(BaseCommand):
    help = (
        "Start the stack on a Postgres and a Redis to be thrown away, with people in"
        " every state, and look at every page signed out, as a member and as a"
        " moderator: html (the standard's validator and html-validate), lighthouse,"
        " wapiti and sqlmap. Tools are found on PATH and in the folders of"
        " PROOF_TOOLS; one that is missing is named. axe is part of tests/browser."
        " Ends with 1 when anything was found."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scans", nargs="*", metavar="SCAN", help="all")
        parser.add_argument("--folder", type=Path, help="kept; a temporary one if none")
        parser.add_argument("--seconds", type=int, default=_ATTACK_SECONDS)
        parser.add_argument(
            "--as", action="append", choices=_ROLES, dest="roles", help="all three"
        )
        parser.add_argument("--scene", type=Path, help=SUPPRESS)

    def handle(
        self,
        *,
        scans: Sequence[str],
        folder: Path | None,
        seconds: int,
        roles: Sequence[str] | None,
        scene: Path | None,
        **_: Any,
    ) -> None:
        if scene is not None:
            scene_make(now=timezone.now()).write(scene)
            return
        unknown = {*scans} - {*_SCANS}
        if unknown:
            raise CommandError(f"There is no scan {', '.join(sorted(unknown))}.")
        try:
            with kept_or_temporary(folder) as place:
                found = self._scan(scans or _SCANS, place, seconds, roles or _ROLES)
        except DidNotStart as error:
            raise CommandError(str(error)) from error
        if found:
            raise CommandError(f"Found: {found}.")
        self.stdout.write("Nothing was found.")

    def _scan(
        self, scans: Sequence[str], folder: Path, seconds: int, roles: Sequence[str]
    ) -> int:
        with (
            Postgres(folder / "postgres") as postgres,
            Redis(folder / "redis") as redis,
        ):
            site = Site(
                folder / "site",
                database_url=postgres.url,
                redis_url=redis.url,
                # Attacks go on behind it, where no redirect to TLS is in their way.
                has_proxy=not {"wapiti", "sqlmap"} & {*scans},
            )
            with site:
                place = folder / "scene.json"
                site.manage("prove_scans", "--scene", str(place))
                looking = _Looking(site, Scene.read(place), folder, self._say, seconds)
                looking.only(roles)
                return sum(self._one(looking, name) for name in scans)

    def _one(self, looking: "_Looking", name: str) -> int:
        """Run one scan; a tool that is missing counts as found."""
        try:
            found = looking.scan(name)
        except tools.Missing as missing:
            self._say(f"{name}: {missing}.")
            return 1
        self._say(f"{name}: {len(found)} found")
        for line in found:
            self._say(f"  {line}")
        return len(found)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


class _Looking:
    """Who looks at which pages; crawled once, when first asked."""

    def __init__(
        self,
        site: Site,
        scene: Scene,
        folder: Path,
        say: Callable[[str], None],
        seconds: int,
    ) -> None:
        self._site, self._scene, self._folder = site, scene, folder
        self._say, self._seconds = say, seconds
        self._crawls: dict[str, Crawl] = {}
        self._starts = [a for a in addresses(scene.values) if not ENDS.search(a)]
        # Of each kind one, for tools that try hundreds of things with each.
        first = {name: values[:1] for name, values in scene.values.items()}
        self._firsts = [a for a in addresses(first) if not ENDS.search(a)]
        self._sessions = {
            "signed out": "",
            "member": scene.member,
            "moderator": scene.moderator,
        }

    def only(self, roles: Sequence[str]) -> None:
        self._sessions = {who: self._sessions[who] for who in roles}

    def scan(self, name: str) -> list[str]:
        scans: dict[str, Callable[[], list[str]]] = {
            "html": self._html,
            "lighthouse": self._lighthouse,
            "wapiti": self._wapiti,
            "sqlmap": self._sqlmap,
        }
        return scans[name]()

    @property
    def _behind(self) -> str:
        """Behind the proxy, which would only slow thousands of questions down."""
        return f"http://127.0.0.1:{self._site.options.web_port}"

    def _cookie(self, who: str) -> str:
        value = self._sessions[who]
        return f"{self._scene.cookie}={value}" if value else ""

    def _crawled(self) -> dict[str, Crawl]:
        for who, value in self._sessions.items():
            if who in self._crawls:
                continue
            visitor = session_with(self._scene.cookie, value, "127.0.0.1")
            place = self._folder / "pages" / who.replace(" ", "-")
            found = crawl(self._site.address, self._starts, visitor, place)
            self._crawls[who] = found
            self._say(
                f"{who}: {len(found.pages)} pages, {len(found.targets)} forms and"
                " queries"
            )
        return self._crawls

    def _html(self) -> list[str]:
        found = []
        for who, crawled in self._crawled().items():
            found += [f"{who}: {line}" for line in crawled.broken]
            for line in tools.invalid_html(crawled.pages):
                found.append(f"{who}: {line}")
            # Django writes the pages of its admin site.
            own = {a: p for a, p in crawled.pages.items() if not a.startswith("/admin")}
            for line in tools.odd_html(own, self._folder):
                found.append(f"{who}: {line}")
        return found

    def _lighthouse(self) -> list[str]:
        friend = self._scene.values["handle"][0]
        pages = {
            "landing": ("/", ""),
            "board": ("/matches/", self._cookie("member")),
            "explanation": (f"/matches/{friend}/", self._cookie("member")),
            "thread": (f"/messages/{friend}/", self._cookie("member")),
        }
        found = []
        for page, (path, cookie) in pages.items():
            for form in ("phone", "desktop"):
                place = self._folder / f"lighthouse-{page}-{form}.json"
                url = self._site.address + path
                points = tools.lighthouse(url, cookie, place, form=form)
                said = ", ".join(f"{name} {value}" for name, value in points.items())
                self._say(f"{page} on a {form}: {said}")
                # Pages of people are not for search engines.
                wanted = [n for n in points if n != "seo"]
                if any(points[name] < 100 for name in wanted):
                    found += [
                        f"{page} on a {form}: {line}"
                        for line in tools.lost_points(place)
                    ]
        return found

    def _wapiti(self) -> list[str]:
        found = []
        for who in self._sessions:
            place = self._folder / f"wapiti-{who.replace(' ', '-')}"
            place.mkdir()
            for line in tools.wapiti(
                self._behind,
                self._firsts,
                self._cookie(who),
                place,
                seconds=self._seconds,
            ):
                found.append(f"{who}: {line}")
        return found

    def _sqlmap(self) -> list[str]:
        found = []
        for who, crawled in self._crawled().items():
            done = 0
            for target in crawled.targets:
                if not target.fields:
                    continue
                ended, said = tools.sqlmap(
                    self._behind, target, self._cookie(who), self._folder / "sqlmap"
                )
                done += ended
                if said:
                    found.append(f"{who}: {target.method} {target.address}: {said}")
            self._say(f"{who}: {done} forms and queries injected into")
        return found

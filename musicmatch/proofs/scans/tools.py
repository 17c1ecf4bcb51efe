"""Other people's tools: where each is found, and what each finds."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlencode

from musicmatch.proofs.scans.crawl import Target

_CSRF = "proofproofproofproofproofproofpr"
_HOW = {
    "java": "apt install default-jre",
    "vnu": "the jar of npm's vnu-jar: its path in VNU_JAR",
    "html-validate": "npm install html-validate",
    "lighthouse": "npm install lighthouse, and Chromium",
    "wapiti": "pip install wapiti3 into an environment of its own",
    "sqlmap": "apt install sqlmap",
    "chromium": "apt install chromium",
}
_ELSEWHERE = "PROOF_TOOLS"


class Missing(Exception):
    """A tool is not on this machine; the message says how to get it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not here ({_HOW[name]}); it was not run")


def tool(name: str) -> str:
    """Find a tool on PATH or in the folders of PROOF_TOOLS; raises Missing."""
    places = os.environ.get(_ELSEWHERE, "") + os.pathsep + os.environ.get("PATH", "")
    found = shutil.which(name, path=places)
    if found is None:
        raise Missing(name)
    return found


def _said(
    command: Sequence[str], *, seconds: float = 1800, **more: str
) -> tuple[int, str]:
    # Into a file: some of them end before a pipe has taken all they say.
    with TemporaryFile("w+") as out:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            env={**os.environ, **more},
            check=False,
        )
        out.seek(0)
        return done.returncode, out.read()


# --- HTML -----------------------------------------------------------------


def invalid_html(pages: Mapping[str, Path]) -> list[str]:
    """Ask the validator of the HTML standard; each finding once, with one page."""
    names = {place.name: address for address, place in pages.items()}
    whole = [place for place in pages.values() if _is_whole(place)]
    jar = os.environ.get("VNU_JAR", "")
    checker = [tool("java"), "-jar", jar] if jar else [tool("vnu")]
    _, said = _said([*checker, "--errors-only", "--format", "json", *map(str, whole)])
    start = said.find('{"')
    found: dict[str, str] = {}
    for message in json.loads(said[start:].strip())["messages"]:
        address = names.get(Path(message.get("url", "")).name, "")
        words = " ".join(message["message"].split())
        excerpt = " ".join(message.get("extract", "").split())[:120]
        found.setdefault(f"{words} [{excerpt}]", address)
    return [f"{address}: {words}" for words, address in found.items()]


def _is_whole(place: Path) -> bool:
    """A page, and not a part that a script puts into one."""
    return place.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype")


_RULES = {
    "extends": ["html-validate:recommended"],
    "rules": {
        # Ways of writing, not faults.
        "no-trailing-whitespace": "off",
        "void-style": "off",
        "doctype-style": "off",
        "attr-quotes": "off",
        "attribute-boolean-style": "off",
        "no-inline-style": "error",
        "long-title": "off",
        "no-redundant-for": "off",
        "prefer-native-element": "off",
        # A token is none of the passwords that a browser keeps.
        "autocomplete-password": "off",
        "aria-label-misuse": ["error", {"allowAnyNamable": True}],
    },
}


def odd_html(pages: Mapping[str, Path], folder: Path) -> list[str]:
    """Ask a second one, which knows more of accessibility."""
    config = folder / "htmlvalidate.json"
    config.write_text(json.dumps({"root": True, **_RULES}), encoding="utf-8")
    names = {place.name: address for address, place in pages.items()}
    command = [tool("html-validate"), "--config", str(config), "--formatter", "json"]
    whole = [place for place in pages.values() if _is_whole(place)]
    _, said = _said([*command, *map(str, whole)])
    found: dict[str, str] = {}
    for result in json.loads(said[said.find("[") :] or "[]"):
        address = names.get(Path(result["filePath"]).name, "")
        for message in result["messages"]:
            words = f"{message['ruleId']}: {message['message']}"
            found.setdefault(words, f"{address} line {message['line']}")
    return [f"{where}: {words}" for words, where in found.items()]


# --- Lighthouse -----------------------------------------------------------

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def lighthouse(url: str, cookie: str, place: Path, *, form: str) -> dict[str, int]:
    """Measure a page as a phone or a desktop has it; returns points of a hundred."""
    headers = [f"--extra-headers={json.dumps({'Cookie': cookie})}"] if cookie else []
    as_desktop = ["--preset=desktop"] if form == "desktop" else []
    _said(
        [
            *(tool("lighthouse"), url, "--quiet", "--output=json"),
            f"--output-path={place}",
            f"--only-categories={','.join(CATEGORIES)}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
            " --ignore-certificate-errors --disable-background-networking",
            *headers,
            *as_desktop,
        ],
        CHROME_PATH=tool("chromium"),
    )
    found = json.loads(place.read_text(encoding="utf-8"))
    return {
        name: round(100 * (found["categories"][name]["score"] or 0))
        for name in CATEGORIES
    }


def lost_points(place: Path) -> list[str]:
    """What kept a measured page from a hundred."""
    found = json.loads(place.read_text(encoding="utf-8"))
    return [
        f"{audit['id']}: {audit.get('displayValue') or audit['title']}"
        for name in CATEGORIES[:3]
        for reference in found["categories"][name]["auditRefs"]
        if reference["weight"]
        and (audit := found["audits"][reference["id"]])["score"] is not None
        and audit["score"] < 1
    ]


# --- Attacks --------------------------------------------------------------

_MODULES = (
    "cookieflags,csp,crlf,csrf,exec,file,http_headers,permanentxss,redirect,sql,ssrf,"
    "upload,xss,xxe"
)


def wapiti(
    site: str, starts: Sequence[str], cookie: str, folder: Path, *, seconds: int
) -> list[str]:
    """Attack every address and every form that can be come to from them.

    So long for looking around, and a tenth of it for each kind of attack.
    """
    report = folder / "wapiti.json"
    headers = ["-H", f"Cookie: {cookie}"] if cookie else []
    begun = [word for address in starts for word in ("-s", site + address)]
    ends = ("logout", "delete", "sessions/end", "disconnect", "password/change")
    left_out = [word for end in ends for word in ("-x", f"{site}/.*{end}.*")]
    command = [
        *(tool("wapiti"), "-u", f"{site}/", "--scope", "domain", "-m", _MODULES),
        *("--flush-session", "-f", "json", "-o", str(report), "--no-bugreport"),
        *("--max-scan-time", str(seconds), "--verify-ssl", "0", "-d", "2"),
        *("--max-attack-time", str(max(10, seconds // 10))),
        *("--max-links-per-page", "60", "--store-session", str(folder / "session")),
        *headers,
        *begun,
        *left_out,
    ]
    status, said = _said(command, seconds=4 * seconds + 300)
    if not report.exists():
        return [f"it did not end (status {status}): {said[-800:]}"]
    found = json.loads(report.read_text(encoding="utf-8"))
    # Behind the proxy there is no TLS, and without it no cookie can ask for it.
    left = {"Secure Flag cookie"} if site.startswith("http:") else set[str]()
    return [
        f"{kind}: {one['method']} {one['path']} {one['info']}"
        for group in ("vulnerabilities", "anomalies")
        for kind, ones in found[group].items()
        for one in ones
        if kind not in left
    ]


_INJECTABLE = re.compile(r"^Parameter: .*|.* is vulnerable.*", re.MULTILINE)
_TESTED = re.compile(r"all tested parameters do not appear to be injectable")


def sqlmap(site: str, target: Target, cookie: str, folder: Path) -> tuple[bool, str]:
    """Try to inject SQL into every field; returns whether it came to its end."""
    query = urlencode([(name, value or "1") for name, value in target.fields])
    command = [
        *(tool("sqlmap"), "--batch", "--level", "1", "--risk", "1", "--threads", "1"),
        *("--output-dir", str(folder), "--flush-session", "--disable-coloring"),
        *("--ignore-code", "*", "--timeout", "30", "--ignore-redirects"),
    ]
    token = f"csrftoken={_CSRF}"
    if target.method == "POST":
        data = f"csrfmiddlewaretoken={_CSRF}&{query}"
        command += ["-u", site + target.address, "--data", data, "--method", "POST"]
        names = [name for name, _ in target.fields]
        command += ["-p", ",".join(dict.fromkeys(names))] if names else []
    else:
        command += ["-u", f"{site}{target.address}?{query}"]
    command += ["--cookie", f"{cookie}; {token}" if cookie else token]
    _, said = _said(command, seconds=900)
    found = _INJECTABLE.findall(said)
    if found:
        return True, "; ".join(dict.fromkeys(found))
    if _TESTED.search(said):
        return True, ""
    return False, said.strip().splitlines()[-3] if said.strip() else "it said nothing"

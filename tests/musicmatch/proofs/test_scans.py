"""Every page is looked at, and every form is a target."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from matching.services import index_rebuild
from musicmatch import integrity
from musicmatch.proofs.scans import tools
from musicmatch.proofs.scans.crawl import Target, crawl, session_with
from musicmatch.proofs.scans.routes import addresses
from musicmatch.proofs.scans.scene import scene_make


def test_addresses_are_those_of_the_configuration_with_values() -> None:
    found = addresses({"handle": ["ada", "ben"], "source": ["lastfm"]})
    assert {"/", "/matches/ada/", "/matches/ben/", "/sources/lastfm/connect/"} <= {
        *found
    }
    assert "/artists/none/" in found
    assert "/accounts/password/reset/key/none-none/" in found
    assert not [one for one in found if "<" in one or "(" in one]


def test_everyone_of_the_scene_is_walked_as(
    transactional_db: None, live_server: Any, tmp_path: Path
) -> None:
    scene = scene_make(now=timezone.now())
    index_rebuild(now=timezone.now())
    checks = integrity.checks(now=timezone.now())
    assert [line for check in checks for line in check.differences] == []
    scene.write(tmp_path / "scene")
    assert (tmp_path / "scene").stat().st_mode & 0o077 == 0
    site = str(live_server.url).replace("localhost", "127.0.0.1")
    friend = scene.values["handle"][0]
    starts = [f"/messages/{friend}/", "/notices/", "/settings/data/delete/"]
    member = session_with(scene.cookie, scene.member, "127.0.0.1")
    found = crawl(site, starts, member, tmp_path / "pages", most=12)
    assert found.broken == []
    assert found.pages[f"/messages/{friend}/"].read_text().count("<form") >= 1
    assert "/settings/data/delete/" not in found.pages
    shapes = {(t.method, t.address, t.fields[0][0]) for t in found.targets if t.fields}
    assert ("POST", f"/messages/{friend}/", "once_key") in shapes
    nobody = session_with(scene.cookie, "", "127.0.0.1")
    closed = crawl(site, ["/notices/"], nobody, tmp_path / "closed", most=3)
    assert "/notices/" not in closed.pages
    assert any(page.startswith("/accounts/login/") for page in closed.pages)


def test_forms_that_differ_in_ids_are_one_target() -> None:
    ids = (
        "0b9e4c8a-2d5e-4a53-9d3f-0a1b2c3d4e5f",
        "1b9e4c8a-2d5e-4a53-9d3f-0a1b2c3d4e5f",
    )
    one, other = (Target("POST", f"/connections/{i}/accept/", ()) for i in ids)
    assert one.shape == other.shape
    assert one.shape != Target("POST", "/connections/", ()).shape


def test_a_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("PROOF_TOOLS", raising=False)
    with pytest.raises(tools.Missing, match="sqlmap is not here .apt install sqlmap"):
        tools.tool("sqlmap")


def test_tools_are_found_where_the_shell_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "sqlmap"
    program.write_text(
        "#!/bin/sh\necho 'all tested parameters do not appear to be"
        f' injectable\'\necho "$@" > {tmp_path}/said\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PROOF_TOOLS", str(tmp_path))
    target = Target("POST", "/messages/ada/", (("body", "hello"),))
    ended = tools.sqlmap("http://127.0.0.1:1", target, "sessionid=x", tmp_path)
    assert ended == (True, "")
    said = (tmp_path / "said").read_text()
    assert "-u http://127.0.0.1:1/messages/ada/ --data csrfmiddlewaretoken=" in said
    assert "--cookie sessionid=x; csrftoken=" in said

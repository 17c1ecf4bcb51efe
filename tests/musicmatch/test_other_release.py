"""A page of one release finds its static files at a machine of another."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.test import Client

from musicmatch import releases


@pytest.fixture
def hashed(settings: Any, tmp_path: Path, monkeypatch: Any) -> str:
    """The name of a stylesheet as this release collected it."""
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "site.css").write_text("body { color: red }")
    (tmp_path / "LICENCE").write_text("free")
    storage = ManifestStaticFilesStorage(location=str(tmp_path))
    paths = {name: (storage, name) for name in ("css/site.css", "LICENCE")}
    assert all(done is not None for *_, done in storage.post_process(paths))
    monkeypatch.setattr(releases, "staticfiles_storage", storage)
    name: str = storage.hashed_files["css/site.css"]
    return name


def test_the_file_as_it_is_here_comes_under_another_digest(
    client: Client, hashed: str
) -> None:
    assert hashed != "css/site.0123456789ab.css"
    answer = client.get("/static/css/site.0123456789ab.css")
    assert answer.status_code == 200
    assert answer.content == b"body { color: red }"
    assert answer.headers["Content-Type"] == "text/css"
    # Under the other digest it must not stay in any cache.
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" in answer.headers
    assert client.get("/static/LICENCE.0123456789ab").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "css/other.0123456789ab.css",
        "css/site.css.0123456789ab",
        "css/site.0123456789.css",
        "css/../../manage.0123456789ab.py",
        "css/site.0123456789ab.css/",
    ],
)
def test_what_is_no_file_of_this_release_is_not_there(
    client: Client, hashed: str, name: str
) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_nothing_is_sent_there(client: Client, hashed: str) -> None:
    assert client.post("/static/css/site.0123456789ab.css").status_code in {403, 404}

"""What holds for every page about one's own listening."""

import uuid
from datetime import datetime

import pytest
from django.test import Client

from accounts.models import User
from ingest.models import Track
from tests.factories import make_taste
from tests.ingest.conftest import heard

TASTE, RECENT, SOURCES = "/taste/", "/taste/recent/", "/sources/"


@pytest.mark.parametrize(
    "path",
    [
        TASTE,
        RECENT,
        SOURCES,
        "/sources/manual/connect/",
        "/sources/spotify/disconnect/",
        f"/sources/runs/{uuid.uuid4()}/",
    ],
)
def test_every_page_asks_who_you_are(path: str, client: Client, db: None) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"


def test_names_that_look_like_markup_are_text(
    mine: Client, ada: User, now: datetime
) -> None:
    name = "<script>alert(1)</script>"
    make_taste(ada, [name], time_range="medium_term", genres=[name])
    heard(ada, 1, now)
    Track.objects.update(name=name)
    for path in (TASTE, RECENT):
        html = mine.get(path).content.decode()
        assert name not in html
        assert "&lt;script&gt;" in html

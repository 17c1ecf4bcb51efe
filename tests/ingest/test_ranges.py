"""What time a list covers, where a service counts by the calendar."""

import pytest
from django.test import Client

from accounts.models import User
from ingest.models import ImportRun, Source
from ingest.services import steps
from ingest.sources.base import RANGES
from tests.factories import make_taste

MEDIUM = "the last full half year, to June or December"


def page(client: Client, person: User, *, time_range: str = "medium_term") -> str:
    client.force_login(person)
    html = client.get(f"/taste/?range={time_range}").content.decode()
    return " ".join(html.split())


@pytest.mark.parametrize(
    ("time_range", "words"),
    [
        ("short_term", "this month so far"),
        ("medium_term", MEDIUM),
        ("long_term", "the last full year, January to December"),
    ],
)
def test_a_list_of_listenbrainz_says_what_it_covers(
    time_range: str, words: str, ada: User, client: Client
) -> None:
    make_taste(ada, ["Low"], source=Source.LISTENBRAINZ, time_range=time_range)
    make_taste(ada, ["Can"], source=Source.LASTFM, time_range=time_range)
    html = page(client, ada, time_range=time_range)
    said = f"ListenBrainz counts by the calendar. This is {words}."
    assert html.count("counts by the calendar") == html.count(said) == 1


def test_the_progress_of_an_import_says_it_too() -> None:
    def labels(source: Source) -> set[str]:
        return {step.label for step in steps.plan(source, ImportRun.Kind.FULL)}

    assert f"Reading your top artists: {MEDIUM}" in labels(Source.LISTENBRAINZ)
    assert "Reading your top artists: last 6 months" in labels(Source.LASTFM)
    longest = ImportRun._meta.get_field("stage_label").max_length
    for source in Source:
        if source.door.open is not None:
            assert all(len(label) <= longest for label in labels(source))
        assert set(source.door.ranges) <= set(RANGES)

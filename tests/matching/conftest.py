"""People to look at, and clients signed in as them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from matching.services import index_rebuild
from tests.conftest import HOST
from tests.factories import make_taste

SignIn = Callable[[User], Client]


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(person: User) -> Client:
        client = Client(HTTP_HOST=HOST)
        client.force_login(person)
        return client

    return signed_in


@pytest.fixture
def folder(settings: Any) -> Path:
    """The index folder."""
    return Path(settings.INDEX_DIR)


@pytest.fixture
def two_generations(community: list[User], now: datetime) -> list[User]:
    """A second generation, which also knows what changed since the first."""
    make_taste(community[0], ["Grouper", "Sade", "Low", "Can"])
    index_rebuild(now=now)
    return community

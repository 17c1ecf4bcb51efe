"""A client signed in as the one through whom a test looks."""

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def as_ada(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client

"""People to look at, and clients signed in as them."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import HOST

SignIn = Callable[[User], Client]


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(person: User) -> Client:
        client = Client(HTTP_HOST=HOST)
        client.force_login(person)
        return client

    return signed_in

"""Lets tasks take what a test handed over, as the middleware does for pages."""

from typing import Any

from celery.signals import task_prerun
from django.apps import AppConfig


class HandingConfig(AppConfig):
    name = "tests.stack"
    label = "stack_under_test"

    def ready(self) -> None:
        task_prerun.connect(_before_task)


def _before_task(**_: Any) -> None:
    from tests.stack.handing import taker

    taker.take()

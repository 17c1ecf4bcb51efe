"""Settings of logs, metrics and reports: wrong ones are named, and right ones not."""

from typing import Any

import pytest
from django.core.checks import run_checks

RIGHT = {
    "DEBUG": False,
    "LOG_FORMAT": "json",
    "METRICS_TOKEN": "twenty characters at least",
    "METRICS_BIND": "0.0.0.0:9108",
    "SENTRY_DSN": "https://key@reports.example/1",
}
OURS = {f"musicmatch.E02{n}" for n in range(10)} | {
    f"musicmatch.W02{n}" for n in range(10)
}


def ids(settings: Any, **changes: Any) -> set[str]:
    for name, value in {**RIGHT, **changes}.items():
        setattr(settings, name, value)
    return {str(said.id) for said in run_checks(tags=["musicmatch"])} & OURS


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"LOG_FORMAT": "line"},
        {"METRICS_TOKEN": "", "METRICS_BIND": ""},
        {"METRICS_TOKEN": "short", "DEBUG": True},
        {"METRICS_BIND": ":9108"},
        {"SENTRY_DSN": ""},
        {"SENTRY_DSN": "http://key@127.0.0.1:9000/1"},
    ],
)
def test_right_settings_are_silent(settings: Any, changes: dict[str, Any]) -> None:
    assert ids(settings, **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"LOG_FORMAT": "xml"}, "musicmatch.E020"),
        ({"METRICS_TOKEN": "short"}, "musicmatch.E021"),
        ({"METRICS_BIND": "9108:"}, "musicmatch.E022"),
        ({"METRICS_BIND": "0.0.0.0:70000"}, "musicmatch.E022"),
        ({"METRICS_TOKEN": ""}, "musicmatch.W023"),
        ({"SENTRY_DSN": "https://reports.example/1"}, "musicmatch.E024"),
        ({"SENTRY_DSN": "http://key@reports.example/1"}, "musicmatch.E024"),
        ({"SENTRY_DSN": "https://key@reports.example"}, "musicmatch.E024"),
        ({"SENTRY_DSN": "no address"}, "musicmatch.E024"),
    ],
)
def test_a_wrong_setting_is_named(
    settings: Any, changes: dict[str, Any], expected: str
) -> None:
    assert ids(settings, **changes) == {expected}


def test_the_address_of_reports_is_not_shown(settings: Any) -> None:
    ids(settings, SENTRY_DSN="http://hush@reports.example/1")
    assert "hush" not in str(run_checks(tags=["musicmatch"]))

"""Say how the preselection stands."""

from typing import Any

from django.core.management.base import BaseCommand

from matching import preselect
from matching.models import PreselectRecall


class Command(BaseCommand):
    help = "Say whether boards are preselected, and how well the newest sample did."

    def handle(self, **_: Any) -> None:
        self.stdout.write(self._state())
        newest = PreselectRecall.objects.newest()
        if newest is None:
            self.stdout.write("No recall has been measured yet.")
        else:
            self.stdout.write(f"{newest.measured_at:%Y-%m-%d %H:%M} {newest.summary}.")

    def _state(self) -> str:
        if not preselect.is_on():
            return "The preselection is off: everyone is compared."
        missing = preselect.what_is_missing()
        if missing:
            return f"The preselection is on, and everyone is compared. {missing}"
        fill = preselect.filled()
        if fill is None:
            return "The preselection is on, and its tables wait to be filled."
        return (
            "The preselection is on, filled from the index of"
            f" {fill.built_at:%Y-%m-%d %H:%M} and changes up to {fill.watermark}."
        )

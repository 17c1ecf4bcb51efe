"""What the layers above may listen to without being imported here."""

from django.dispatch import Signal

# Sent after a person's listening was written, inside the same transaction, with
# ``person_id`` and ``now``. Matching listens to it: the arrow of imports points
# down, so importing cannot call matching.
listening_changed = Signal()

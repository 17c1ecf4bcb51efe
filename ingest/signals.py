"""What the layers above may listen to without being imported here."""

from django.dispatch import Signal

# Sent after a person's listening was written, inside the same transaction, with
# ``person_id`` and ``now``. Matching listens to it: the arrow of imports points
# down, so importing cannot call matching.
listening_changed = Signal()

# Sent after artists were joined or taken apart, inside the same transaction, with
# ``artist_ids`` and ``now``: whoever has one of them, or one it stands for, has to be
# looked at again. That may be everyone, so people are not named.
artists_changed = Signal()

# Sent once the end of an import is written for good, with ``source``, ``kind`` and
# ``state``.
run_finished = Signal()

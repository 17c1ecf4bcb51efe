"""What the layers above may listen to. Each is sent inside the writing transaction."""

from django.dispatch import Signal

# ``person_id`` and ``now``: Spotify gave us a new consent.
spotify_connected = Signal()
# ``person_id`` and ``now``: joined, paused, resumed.
visibility_changed = Signal()

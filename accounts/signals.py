"""What the layers above may listen to. Each is sent inside the writing transaction."""

from django.dispatch import Signal

# ``person_id`` and ``now``: Spotify gave us a new consent.
spotify_connected = Signal()
# ``person_id`` and ``now``: another account at Spotify takes the place of the one
# before. Answered with whether anything of that one was kept here.
spotify_account_changed = Signal()
# ``person_id`` and ``now``: a consent is good for nothing any more.
spotify_revoked = Signal()
# ``status``, None where nothing was answered, and ``seconds``: Spotify was called about
# tokens or a profile.
spotify_called = Signal()
# ``person_id`` and ``now``: who may find this person changed, or by what.
visibility_changed = Signal()
# ``person_id`` and ``now``: someone leaves for good. Sent before the person is locked,
# so that receivers lock their own rows first; cascades take what is left.
account_closing = Signal()

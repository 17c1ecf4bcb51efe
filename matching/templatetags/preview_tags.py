"""What would become of one's board, for a page below matching."""

from django import template

from accounts.models import User
from matching.preview import Preview, preview_without

register = template.Library()


@register.simple_tag
def board_without(viewer: User, artist_id: int) -> Preview:
    """Return the viewer's closest people as they are and as they would be."""
    return preview_without(viewer, artist_id)

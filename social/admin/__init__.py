"""Relations in the admin site, to look at; and what moderators decide."""

from social.admin import (
    appeals,
    blocks,
    connections,
    mails,
    moderation,
    notices,
    reports,
    threads,
)

__all__ = [
    "appeals",
    "blocks",
    "connections",
    "mails",
    "moderation",
    "notices",
    "reports",
    "threads",
]

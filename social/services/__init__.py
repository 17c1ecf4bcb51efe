"""Verbs between people."""

from social.services.blocks import block_create, block_remove

__all__ = ["block_create", "block_remove"]

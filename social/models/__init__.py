"""Relations between people, what they write, and what moderators decide."""

from social.models.blocks import Block
from social.models.cards import CardKind
from social.models.connections import NOTE_LENGTH, REST, Connection
from social.models.mails import Mail, MailChoice, Topic
from social.models.moderation import AppendOnly, ModerationAction
from social.models.notices import APPEAL_LENGTH, Appeal, Notice
from social.models.reports import WORDS_LENGTH, Report
from social.models.threads import MESSAGE_LENGTH, Message, Thread, ThreadSide

__all__ = [
    "APPEAL_LENGTH",
    "MESSAGE_LENGTH",
    "NOTE_LENGTH",
    "REST",
    "WORDS_LENGTH",
    "Appeal",
    "AppendOnly",
    "Block",
    "CardKind",
    "Connection",
    "Mail",
    "MailChoice",
    "Message",
    "ModerationAction",
    "Notice",
    "Report",
    "Thread",
    "ThreadSide",
    "Topic",
]

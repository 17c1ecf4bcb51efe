"""Verbs between people."""

from social.services.appeals import (
    AppealDecided,
    CannotAppeal,
    appeal_create,
    appeal_overturn,
    appeal_uphold,
    deciders_of,
)
from social.services.blocks import block_create, block_remove
from social.services.connections import (
    Asked,
    MayNotAsk,
    NoSuchConnection,
    NotOpen,
    connection_accept,
    connection_decline,
    connection_remove,
    connection_request,
    connection_withdraw,
    requests_see,
)
from social.services.leaving import person_leave
from social.services.mail_choices import (
    NoSuchReader,
    mail_choices_update,
    mail_topic_switch_off,
)
from social.services.mails import mail_send
from social.services.messages import (
    CannotSend,
    KeyUsed,
    message_send,
    messages_free_at,
    messages_see,
)
from social.services.moderation import (
    AlreadyDecided,
    CannotDecide,
    decision_of,
    message_remove,
    person_limit,
    person_restore,
    person_suspend,
    person_warn,
    profile_clear,
    report_dismiss,
    verbs_for,
)
from social.services.moderation_log import (
    LogCheck,
    Statement,
    log_check,
)
from social.services.notices import (
    notice_see,
)
from social.services.pairs import NoSuchPerson
from social.services.reports import (
    report_create,
    report_open_of,
    reports_free_at,
    reports_left,
)
from social.services.suspensions import (
    suspension_lift,
    suspensions_lift,
)

__all__ = [
    "AlreadyDecided",
    "AppealDecided",
    "Asked",
    "CannotAppeal",
    "CannotDecide",
    "CannotSend",
    "KeyUsed",
    "LogCheck",
    "MayNotAsk",
    "NoSuchConnection",
    "NoSuchPerson",
    "NoSuchReader",
    "NotOpen",
    "Statement",
    "appeal_create",
    "appeal_overturn",
    "appeal_uphold",
    "block_create",
    "block_remove",
    "connection_accept",
    "connection_decline",
    "connection_remove",
    "connection_request",
    "connection_withdraw",
    "deciders_of",
    "decision_of",
    "log_check",
    "mail_choices_update",
    "mail_send",
    "mail_topic_switch_off",
    "message_remove",
    "message_send",
    "messages_free_at",
    "messages_see",
    "notice_see",
    "person_leave",
    "person_limit",
    "person_restore",
    "person_suspend",
    "person_warn",
    "profile_clear",
    "report_create",
    "report_dismiss",
    "report_open_of",
    "reports_free_at",
    "reports_left",
    "requests_see",
    "suspension_lift",
    "suspensions_lift",
    "verbs_for",
]

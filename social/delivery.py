"""Handing a mail to the host's mail server, at most once."""

import logging
from contextlib import suppress
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)

# For each answer of the mail server.
_PATIENCE_SECONDS = 10


class NotTaken(Exception):
    """The mail server has not taken the mail: it may be offered again."""


class Busy(NotTaken):
    """It could not be reached, or asked to be tried again later."""


class Refused(NotTaken):
    """It says that it will never take it."""


def deliver(message: EmailMessage) -> None:
    """Send one mail; raises :class:`Busy` and :class:`Refused`.

    A connection that breaks after the mail was begun leaves open whether it was taken.
    That counts as sent: one mail may be lost so that none comes twice.
    """
    connection = get_connection(timeout=_PATIENCE_SECONDS)
    try:
        connection.open()
    except OSError as error:
        raise Busy from error
    try:
        connection.send_messages([message])
    except (SMTPResponseException, SMTPRecipientsRefused) as error:
        raise (Busy if _is_for_now(error) else Refused) from error
    except OSError:
        logger.warning("The mail server went away in the middle of a mail.")
    finally:
        # Its answer to the mail stands, whatever it says to the goodbye.
        with suppress(OSError):
            connection.close()


def _is_for_now(error: SMTPResponseException | SMTPRecipientsRefused) -> bool:
    """Whether all of the answers are of the 400s, by which a server means "later"."""
    if isinstance(error, SMTPResponseException):
        codes = [error.smtp_code]
    else:
        codes = [code for code, _ in error.recipients.values()]
    return all(400 <= code < 500 for code in codes)

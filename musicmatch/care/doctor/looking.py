"""All questions, in the order in which one thing stands on the other."""

import logging
from collections.abc import Iterator
from datetime import datetime

from musicmatch.care.doctor import configuration, machine, services
from musicmatch.care.doctor.lines import Line, Question, fail

logger = logging.getLogger(__name__)

QUESTIONS: dict[str, Question] = {
    "settings": configuration.all_settings,
    "secrets": configuration.secrets,
    "folders": machine.folders,
    "static files": machine.static_files,
    "open files": machine.limits,
    "database": services.database,
    "encryption": configuration.encryption,
    "redis": services.redis_itself,
    "queue": services.queue,
    "clocks": services.clocks,
    "index": services.index,
    "address": configuration.address,
    "sources": configuration.sources,
    "mail": configuration.mails,
    "backup": machine.backups,
    "retention": machine.retention,
}


def look(now: datetime) -> Iterator[Line]:
    """Ask everything; a question that breaks is a line as well, and no end."""
    for name, ask in QUESTIONS.items():
        try:
            yield from ask(now)
        except Exception as error:
            # Without a database half of the questions break: each says so by itself.
            logger.debug("The doctor could not ask about %s.", name, exc_info=True)
            said = f"It could not be looked at ({type(error).__name__})."
            yield fail(name, said, "Mend what fails above first, and ask again.")

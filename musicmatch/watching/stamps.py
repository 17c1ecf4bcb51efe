"""What is written on every task that is queued: for whom, and when.

Beat, which has no Django, stamps as well.
"""

import time
from typing import Any

from celery.signals import before_task_publish

from musicmatch.watching.context import current

REQUEST_ID = "request_id"
PUBLISHED_AT = "published_at"


@before_task_publish.connect
def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Hand on the id of the request, so that lines of web and worker join."""
    if headers is None:
        return
    headers[PUBLISHED_AT] = time.time()
    work = current()
    if work is None:
        return
    headers[REQUEST_ID] = work.request_id
    work.published.append(str(headers.get("id", "")))

"""Set the clock of a process wrong, for all it does.

Python imports this by itself, before anything else, where PYTHONPATH names its folder.
It goes on into processes that are forked.
"""

import os
from datetime import UTC, datetime, timedelta

import time_machine

_wrong_by = timedelta(seconds=int(os.environ["WRONG_CLOCK_SECONDS"]))
time_machine.travel(datetime.now(UTC) + _wrong_by, tick=True).start()

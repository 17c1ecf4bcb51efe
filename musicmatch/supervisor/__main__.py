"""Run a plan: ``python -m musicmatch.supervisor '{"port": 8000, …}'``."""

import sys

from musicmatch.supervisor.plan import Plan
from musicmatch.supervisor.supervisor import Supervisor

if __name__ == "__main__":
    sys.exit(Supervisor(Plan.from_json(sys.argv[1])).run())

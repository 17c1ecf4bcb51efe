"""Run the site as it is hosted: ``python -m musicmatch.stack --help``."""

import shutil
import sys

from musicmatch.stack.options import from_process
from musicmatch.stack.runner import Stack

if __name__ == "__main__":
    has_caddy = shutil.which("caddy") is not None
    sys.exit(Stack(from_process(sys.argv[1:], has_caddy=has_caddy)).run())

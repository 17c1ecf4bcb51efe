"""System checks: wrong settings are named, with a hint, before the first request.

Importing a module registers its checks.
"""

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from musicmatch.checks import (  # noqa: F401
    addresses,
    genres,
    hosting,
    keys,
    preselection,
    scaling,
    signing_in,
    watching,
)
from musicmatch.checks.common import TAG


def refuse_wrong_settings() -> None:
    """Stop a process that no management command started, such as a web server.

    Raises ``ImproperlyConfigured`` with every error of these modules; warnings stop
    nothing.
    """
    said = run_checks(tags=[TAG])
    errors = [one for one in said if one.is_serious() and not one.is_silenced()]
    if errors:
        raise ImproperlyConfigured("\n".join(str(error) for error in errors))

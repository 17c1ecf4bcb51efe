"""The door for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "musicmatch.settings")

application = get_wsgi_application()

from musicmatch.checks import refuse_wrong_settings  # noqa: E402

# A web server runs no management command, so nothing else checks the settings.
refuse_wrong_settings()

"""The Celery application: configured from settings, tasks found in each app."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "musicmatch.settings")

app = Celery("musicmatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

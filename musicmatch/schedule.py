"""What a worker does by itself, and how often."""

from typing import Any

EVERY: dict[str, dict[str, Any]] = {
    # See musicmatch.health: what waited for a worker that was away says nothing.
    "note-heartbeat": {
        "task": "musicmatch.tasks.note_heartbeat_task",
        "schedule": 15.0,
        "options": {"expires": 45},
    },
    "requeue-stalled-runs": {
        "task": "ingest.tasks.requeue_runs_task",
        "schedule": 10.0,
    },
    "queue-due-imports": {
        "task": "ingest.tasks.queue_due_imports_task",
        "schedule": 60.0,
    },
    # Both do nothing unless the host named services to ask.
    "look-up-genres": {
        "task": "ingest.tasks.look_up_genres_task",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "look-up-sounds": {
        "task": "ingest.tasks.look_up_sounds_task",
        "schedule": 60.0,
        # So that the two do not hold both of a small worker's threads at once.
        "options": {"countdown": 30, "expires": 85},
    },
    "lift-suspensions": {
        "task": "social.tasks.lift_suspensions_task",
        "schedule": 60.0,
    },
    "rebuild-index-when-due": {
        "task": "matching.tasks.rebuild_index_when_due_task",
        "schedule": 60.0,
    },
    # Once a day; asked more often, for a site that was off at that hour.
    "make-fairness-report": {
        "task": "matching.tasks.fairness_report_task",
        "schedule": 600.0,
    },
    # Once a day, too; the rest of a long clean-up follows ten minutes later.
    "delete-what-was-kept-long-enough": {
        "task": "musicmatch.tasks.retain_task",
        "schedule": 600.0,
        "options": {"countdown": 90, "expires": 590},
    },
    # Both do nothing while MATCHING_PRESELECT is off.
    "refresh-preselection": {
        "task": "matching.tasks.preselect_refresh_task",
        "schedule": 60.0,
    },
    "measure-preselection": {
        "task": "matching.tasks.preselect_recall_task",
        "schedule": 600.0,
    },
}

"""What was done to keep the site well, to look at."""

from django.conf import settings
from django.contrib import admin

from musicmatch.models import CareRun
from social.admin.looking import LookingAdmin

admin.site.site_header = f"{settings.SITE_NAME} administration"
admin.site.site_title = settings.SITE_NAME


@admin.register(CareRun)
class CareRunAdmin(LookingAdmin):
    list_display = ["kind", "started_at", "is_whole", "what"]
    list_filter = ["kind", "is_whole"]
    date_hierarchy = "started_at"
    ordering = ["-started_at", "-pk"]
    fields = ["kind", "started_at", "finished_at", "is_whole", "what"]

    @admin.display(description="what was done")
    def what(self, run: CareRun) -> str:
        """Name what there was any of."""
        facts = [f"{name}: {value}" for name, value in run.facts.items() if value]
        return ", ".join(facts) or "nothing was due"

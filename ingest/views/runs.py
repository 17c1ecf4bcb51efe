"""How one import goes."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest
from ingest.models import ImportRun
from ingest.pages.runs import genres_so_far


@login_required
@never_cache
@require_safe
def run_detail(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    runs = ImportRun.objects.defer("staged")
    run = get_object_or_404(runs, pk=run_id, person=request.user)
    template = "ingest/_run.html" if request.htmx else "ingest/run_detail.html"
    context = {"run": run, "genres": genres_so_far(run)}
    return render(request, template, context)

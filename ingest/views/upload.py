"""Uploading a Spotify data export."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import throttle
from accounts.http import PersonRequest
from ingest import services
from ingest.models import ImportRun, Source
from ingest.uploading import ExportForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: PersonRequest) -> HttpResponse:
    """Take the files of an export and show how their import goes."""
    if request.method != "POST":
        return _page(request, ExportForm())
    form = ExportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    now = timezone.now()
    throttle.spend(throttle.UPLOAD, str(request.user.pk), now=now)
    try:
        run = services.export_receive(
            person_id=request.user.pk, files=form.cleaned_data["export"], now=now
        )
    except services.UploadBusy:
        form.add_error("export", "The files you uploaded before are still being read.")
        return _page(request, form)
    return redirect(run)


def _page(request: PersonRequest, form: ExportForm) -> HttpResponse:
    runs = ImportRun.objects.active().filter(person=request.user, source=Source.EXPORT)
    context = {"form": form, "active": runs.defer("staged").first()}
    return render(request, "ingest/upload.html", context)

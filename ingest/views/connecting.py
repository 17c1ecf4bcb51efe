"""Going in by a door: by a name and its proof, by a consent, by hand."""

import secrets

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import gate, throttle
from accounts.http import PersonRequest
from ingest import services
from ingest.forms import NameForm
from ingest.models import Source, SourceLink
from ingest.pages.doors import way_in
from ingest.services import doors
from ingest.sources.base import Way
from ingest.views.picking import pick
from ingest.views.sources import source_or_404

_CONSENTS = "source_consents"
_CONSENT_SECONDS = 600


@login_required
@never_cache
@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
def source_connect(request: PersonRequest, source: str) -> HttpResponse:
    """The page of a door, and what its form starts."""
    key = source_or_404(source)
    way = key.door.way
    if way is Way.PICK:
        return pick(request)
    if way is Way.UPLOAD:
        return redirect("ingest:upload")
    if _is_refused(request, key):
        return render(request, "ingest/not_allowed.html", {"source": key})
    if way not in {Way.NAME, Way.CONSENT} or not doors.is_open(key):
        return redirect("ingest:sources")
    closed = gate.closure(key, timezone.now())
    if closed is not None:
        context = {"source": key, "until": closed.until}
        return render(request, "ingest/resting.html", context)
    if request.method == "POST":
        return _by_name(request, key) if way is Way.NAME else _to_consent(request, key)
    if way is Way.NAME:
        form = NameForm(initial={"user_name": _name_before(request, key)})
        return _name_page(request, key, form)
    context = {"source": key, "former_name": _name_before(request, key)}
    return render(request, "ingest/source_consent.html", context)


def _is_refused(request: PersonRequest, source: Source) -> bool:
    """Whether the service turned the person away, and asking again is in vain."""
    refused = SourceLink.objects.filter(
        person=request.user, source=source, state=SourceLink.State.NOT_ALLOWED
    )
    return source.door.way is Way.SIGN_IN and refused.exists()


# --- A name and its proof -------------------------------------------------


def _name_before(request: PersonRequest, source: Source) -> str:
    links = SourceLink.objects.filter(person=request.user, source=source)
    return links.values_list("user_name", flat=True).first() or ""


def _name_page(
    request: PersonRequest, source: Source, form: NameForm, *, status: int = 200
) -> HttpResponse:
    token_url = doors.access_of(source).auth_url
    context = {
        "form": form,
        "source": source,
        "token_url": token_url,
        "former_name": _name_before(request, source),
    }
    return render(request, "ingest/source_name.html", context, status=status)


@sensitive_variables("form", "token")
def _by_name(request: PersonRequest, source: Source) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        return _name_page(request, source, form)
    try:
        _spend(request)
    except throttle.OverLimit as over:
        until = timezone.localtime(over.until)
        form.add_error(None, f"{over.limit.words} You can go on at {until:%H:%M}.")
        return _name_page(request, source, form, status=429)
    try:
        connected = services.source_connect(
            person_id=request.user.pk,
            source=source,
            user_name=form.cleaned_data["user_name"],
            token=form.cleaned_data["token"],
            clock=timezone.now,
        )
    except services.SourceResting as resting:
        until = timezone.localtime(resting.until)
        form.add_error(None, f"{resting} Please try again at {until:%H:%M}.")
    except services.CannotConnect as error:
        form.add_error(error.about or None, str(error))
    else:
        return _go_on(request, source, connected)
    return _name_page(request, source, form)


def _go_on(
    request: PersonRequest, source: Source, connected: services.Connected
) -> HttpResponse:
    """On to the import; a profile that had to leave is named before."""
    if connected.former_name:
        messages.warning(
            request,
            f"{source.label} is connected as {connected.user_name} now. Everything"
            f" {connected.former_name} gave is deleted.",
        )
    return redirect(connected.run)


def _spend(request: PersonRequest) -> None:
    throttle.spend(throttle.CONNECT, str(request.user.pk), now=timezone.now())


# --- A consent ------------------------------------------------------------


def _to_consent(request: PersonRequest, source: Source) -> HttpResponse:
    """Send the person on to say yes; the way back carries what only we know."""
    if source.door.consent_url is None:
        raise Http404
    _spend(request)
    nonce = secrets.token_urlsafe(24)
    consents = {
        **request.session.get(_CONSENTS, {}),
        source.value: [nonce, timezone.now().timestamp()],
    }
    request.session[_CONSENTS] = consents
    path = reverse("ingest:source_callback", args=[source])
    callback = request.build_absolute_uri(f"{path}?nonce={nonce}")
    url = source.door.consent_url(doors.access_of(source), callback)
    return HttpResponseRedirect(url)


@login_required
@never_cache
@require_safe
@sensitive_variables("token")
def source_callback(request: PersonRequest, source: str) -> HttpResponse:
    """Where a person comes back from a page of consent."""
    key = source_or_404(source)
    if key.door.way is not Way.CONSENT or not doors.is_open(key):
        raise Http404
    if not _take_nonce(request, key):
        return _refused(request, key, "This way back is too old", _TOO_OLD)
    token = request.GET.get("token", "")
    if not token:
        return _refused(request, key, f"You said no at {key.label}", _SAID_NO)
    try:
        connected = services.source_connect(
            person_id=request.user.pk, source=key, token=token, clock=timezone.now
        )
    except services.SourceResting as resting:
        context = {"source": key, "until": resting.until}
        return render(request, "ingest/resting.html", context)
    except services.CannotConnect as error:
        return _refused(request, key, f"{key.label} did not let you in", str(error))
    return _go_on(request, key, connected)


_TOO_OLD = (
    "A connection has to be finished within ten minutes, in the browser it was begun"
    " in, and only once. Nothing was read and nothing was changed."
)
_SAID_NO = "That is fine. Nothing was read and nothing was changed."


def _take_nonce(request: PersonRequest, source: Source) -> bool:
    """Use up what was sent along; False where it is not ours, or too old."""
    consents = dict(request.session.get(_CONSENTS, {}))
    nonce, begun = consents.get(source.value, ("", 0.0))
    asked = request.GET.get("nonce", "")
    if not nonce or not constant_time_compare(asked, nonce):
        return False
    # Not before: a forged way back must not spoil the real one.
    del consents[source.value]
    request.session[_CONSENTS] = consents
    age = timezone.now().timestamp() - begun
    return bool(0 <= age <= _CONSENT_SECONDS)


def _refused(
    request: PersonRequest, source: Source, heading: str, text: str
) -> HttpResponse:
    context = {
        "source": source,
        "heading": heading,
        "text": text,
        "way": way_in(source),
    }
    return render(request, "ingest/refused.html", context)

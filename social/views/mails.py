"""Which mails one wants, and switching one off from the mail itself."""

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest
from social import services
from social.forms.mails import MailChoicesForm
from social.mails import read_off_token
from social.models import MailChoice, Topic


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mail_choices(request: PersonRequest) -> HttpResponse:
    choice = MailChoice.objects.filter(person=request.user).first() or MailChoice()
    posted = request.POST if request.method == "POST" else None
    form = MailChoicesForm(posted, instance=choice)
    if form.is_valid():
        services.mail_choices_update(person=request.user, wanted=form.wanted())
        messages.success(request, "Your choice of mails is saved.")
        return redirect("social:mail_choices")
    address = EmailAddress.objects.get_primary(request.user)
    return render(
        request, "social/mail_choices.html", {"form": form, "address": address}
    )


# Mail programs press this without a session and without a form of ours (RFC 8058): the
# token is the permission, and all it allows is to get fewer mails.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def mail_off(request: HttpRequest, token: str) -> HttpResponse:
    try:
        public_id, topic = read_off_token(token)
        if request.method == "POST":
            services.mail_topic_switch_off(public_id=public_id, topic=topic)
    except (BadSignature, services.NoSuchReader):
        # Signed with a key the host has taken away since, or its person left: which of
        # the two, or neither, nobody learns here.
        return render(request, "social/mail_off_unknown.html", status=410)
    context = {"topic": Topic(topic), "is_off": request.method == "POST"}
    return render(request, "social/mail_off.html", context)

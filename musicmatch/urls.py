"""Every address: the site's own pages, then one include for each app."""

from allauth.account.decorators import secure_admin_login
from allauth.account.views import email as account_email
from allauth.account.views import password_set
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.again import asked_again
from musicmatch import views
from musicmatch.watching import views as watching

# The admin site has no door of its own: the limits of signing in count there as well.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("about/matching/", views.about_matching, name="about_matching"),
    path("about/privacy/", views.about_privacy, name="about_privacy"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", watching.metrics_page, name="metrics"),
    # allauth's own page would leave the listening and the tokens of a service behind.
    path("accounts/3rdparty/", RedirectView.as_view(pattern_name="ingest:sources")),
    # Whoever holds a session must not make an account theirs by it.
    path("accounts/email/", asked_again(account_email), name="account_email"),
    path(
        "accounts/password/set/",
        asked_again(password_set),
        name="account_set_password",
    ),
    path("accounts/", include("allauth.urls")),
    path("", include("musicmatch.leaving.urls")),
    path("", include("accounts.urls")),
    path("", include("ingest.urls")),
    path("", include("matching.urls")),
    path("", include("social.urls")),
    # Django's own form there counts no guesses.
    path(
        "admin/password_change/",
        RedirectView.as_view(pattern_name="account_change_password"),
    ),
    path("admin/status/", admin.site.admin_view(watching.status), name="site_status"),
    path("admin/", admin.site.urls),
]

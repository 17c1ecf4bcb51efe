"""Every address: the site's own pages, then one include for each app."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from musicmatch import views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("about/matching/", views.about_matching, name="about_matching"),
    path("about/privacy/", views.about_privacy, name="about_privacy"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    # allauth's own page would leave the listening and the tokens of a service behind.
    path("accounts/3rdparty/", RedirectView.as_view(pattern_name="ingest:sources")),
    path("accounts/", include("allauth.urls")),
    path("", include("musicmatch.leaving.urls")),
    path("", include("accounts.urls")),
    path("", include("ingest.urls")),
    path("", include("matching.urls")),
    path("", include("social.urls")),
    path("admin/", admin.site.urls),
]

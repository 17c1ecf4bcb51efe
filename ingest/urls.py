from django.urls import path

from ingest import views

app_name = "ingest"
urlpatterns = [
    path("taste/", views.taste, name="taste"),
    path("taste/recent/", views.recent, name="recent"),
    path("sources/", views.sources, name="sources"),
    path("sources/<slug:source>/connect/", views.source_connect, name="source_connect"),
    path("sources/<slug:source>/sync/", views.source_sync, name="source_sync"),
    path(
        "sources/<slug:source>/disconnect/",
        views.source_disconnect,
        name="source_disconnect",
    ),
    path("sources/runs/<uuid:run_id>/", views.run_detail, name="run_detail"),
]

from django.urls import path

from ingest.views import connecting, muted, picking, runs, sources, taste, upload

app_name = "ingest"
urlpatterns = [
    path("taste/", taste.taste, name="taste"),
    path("taste/recent/", taste.recent, name="recent"),
    path("settings/muted/", muted.muted, name="muted"),
    path("sources/", sources.sources, name="sources"),
    path("sources/upload/", upload.upload, name="upload"),
    path("sources/runs/<uuid:run_id>/", runs.run_detail, name="run_detail"),
    path("sources/manual/search/", picking.pick_search, name="pick_search"),
    path(
        "sources/<slug:source>/connect/",
        connecting.source_connect,
        name="source_connect",
    ),
    path(
        "sources/<slug:source>/callback/",
        connecting.source_callback,
        name="source_callback",
    ),
    path("sources/<slug:source>/sync/", sources.source_sync, name="source_sync"),
    path("sources/<slug:source>/use/", sources.source_use, name="source_use"),
    path(
        "sources/<slug:source>/disconnect/",
        sources.source_disconnect,
        name="source_disconnect",
    ),
]

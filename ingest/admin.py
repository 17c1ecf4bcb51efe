"""Imports and music in the admin site, to look at."""

from django.contrib import admin

from ingest.models import Artist, Genre, ImportRun, SourceLink


@admin.register(ImportRun)
class ImportRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "person", "source", "kind", "state", "queued_at", "reason")
    list_filter = ("state", "source", "kind")
    list_select_related = ("person",)
    exclude = ("staged",)
    search_fields = ("person__handle", "person__username")

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(SourceLink)
class SourceLinkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("person", "source", "state", "latest_import_at", "next_import_at")
    list_filter = ("source", "state")
    list_select_related = ("person",)

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        # Leaving a source deletes what it gave, too; that is the person's to do.
        return False


@admin.register(Artist)
class ArtistAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "spotify_id")
    search_fields = ("name", "name_key")

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        # People's tastes name it by its id.
        return False


@admin.register(Genre)
class GenreAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    search_fields = ("name",)

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False

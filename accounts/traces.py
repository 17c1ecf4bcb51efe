"""What the admin site noted of people."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Model
from django.db.models.functions import Cast

from accounts.models import User


def log_forget(person: User) -> None:
    """Delete what the admin site's log says of a person: it keeps names as text."""
    _forget(User, "pk", person)
    for relation in User._meta.related_objects:
        _forget(relation.related_model, relation.field.name, person)


def _forget(model: type[Model], field: str, person: User) -> None:
    rows = model._base_manager.filter(**{field: person.pk})
    keys = rows.values_list(Cast("pk", CharField()), flat=True)
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model)
    )
    entries.filter(object_id__in=keys).delete()

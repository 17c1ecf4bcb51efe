"""The group of those who decide about reports, with what they need and no more."""

from django.db import migrations

GROUP = "Moderators"
# Being staff is given beside it, by a superuser.
RIGHTS = [
    ("accounts", "user", "view_user", "Can view user"),
    ("social", "report", "view_report", "Can view report"),
    ("social", "report", "change_report", "Can change report"),
    ("social", "report", "moderate", "Can decide about reports and appeals"),
    ("social", "appeal", "view_appeal", "Can view appeal"),
    ("social", "appeal", "change_appeal", "Can change appeal"),
    (
        "social",
        "moderationaction",
        "view_moderationaction",
        "Can view moderation action",
    ),
]


def make_group(apps, schema_editor):
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    group, _ = Group.objects.get_or_create(name=GROUP)
    for app_label, model, codename, name in RIGHTS:
        # Django itself makes these only after all migrations.
        kind, _ = ContentType.objects.get_or_create(app_label=app_label, model=model)
        right, _ = Permission.objects.get_or_create(
            content_type=kind, codename=codename, defaults={"name": name}
        )
        group.permissions.add(right)


def delete_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("social", "0002_people"),
        ("accounts", "0003_privacy"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="report",
            options={
                "permissions": [("moderate", "Can decide about reports and appeals")]
            },
        ),
        migrations.RunPython(make_group, delete_group),
    ]

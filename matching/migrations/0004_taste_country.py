from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('matching', '0003_fairnessreport'),
    ]

    operations = [
        migrations.AddField(
            model_name='taste',
            name='country',
            field=models.CharField(blank=True, default='', max_length=2),
        ),
    ]

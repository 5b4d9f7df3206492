from django.db import migrations, models

from measurements import overviews


def fill(apps, schema_editor):
    patients = list(apps.get_model("patients", "Patient").objects.values_list("pk", flat=True))
    if patients:  # a new database has nobody, whatever the statements will need by then
        overviews.rebuild(patients)


class Migration(migrations.Migration):
    dependencies = [
        ('measurements', '0008_overview_may_be_blank'),
    ]

    operations = [
        migrations.AddField(
            model_name='overview',
            name='glucose',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='newest glucose, mg/dL'),
        ),
        migrations.AddField(
            model_name='overview',
            name='spo2',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='newest SpO₂, %'),
        ),
        migrations.AddField(
            model_name='overview',
            name='systolic',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='newest systolic value, mmHg'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

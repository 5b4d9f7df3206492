"""The shipped goal for gaining weight, held against the gain over the median of the seven days before."""

import datetime as dt

from django.db import migrations

SOURCE = "Heart failure self-care, common practice: call at 3 lb over the usual weight; prescribed per patient"


def add(apps, schema_editor):
    apps.get_model("measurements", "Threshold").objects.create(
        metric_id="weight", component=1, context="gain", high=3, source=SOURCE, source_date=dt.date(2026, 11, 1)
    )


class Migration(migrations.Migration):
    dependencies = [("measurements", "0003_metrics_and_thresholds")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

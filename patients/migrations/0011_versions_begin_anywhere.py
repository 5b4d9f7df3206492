from django.db import migrations, models

import patients.models.patient


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0010_words_of_the_admin'),
    ]

    operations = [
        migrations.AlterField(
            model_name='patient',
            name='version',
            field=models.BigIntegerField(default=patients.models.patient.first_version, editable=False),
        ),
        # Open pages hear news once.
        migrations.RunSQL(
            'UPDATE patients_patient SET version = version + floor(random() * 2147483648)::bigint',
            migrations.RunSQL.noop,
        ),
    ]

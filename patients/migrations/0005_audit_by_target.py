from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0004_audit_of_judging'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('target', ''), _negated=True), fields=['target', '-at'], name='audit_by_target'),
        ),
    ]

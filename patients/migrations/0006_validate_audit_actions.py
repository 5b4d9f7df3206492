from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0005_time'),
    ]

    operations = [
        ValidateConstraint(model_name='auditevent', name='audit_action_known'),
    ]

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('care', '0002_note_orders_and_templates'),
    ]

    operations = [
        ValidateConstraint(model_name='noteversion', name='note_kind_known'),
        ValidateConstraint(model_name='noteversion', name='note_contact_has_outcome'),
        ValidateConstraint(model_name='noteversion', name='note_order_has_next_step'),
    ]

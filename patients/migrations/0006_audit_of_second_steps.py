
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0005_audit_by_target'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='auditevent',
            name='audit_action_known',
        ),
        migrations.AlterField(
            model_name='auditevent',
            name='action',
            field=models.CharField(choices=[('view', 'opened a patient'), ('list', 'saw a list of patients'), ('search', 'searched for patients'), ('export', 'exported readings'), ('enrol', 'enrolled a patient'), ('edit', 'edited a patient'), ('discharge', 'discharged a patient'), ('order', 'placed an order'), ('activate', 'activated a device'), ('cancel', 'cancelled an order line'), ('close', 'closed an order line'), ('end_monitoring', 'ended monitoring'), ('adopt', 'attached a device to a patient'), ('vendor_call', 'decided about a call to the vendor'), ('invite', 'invited a person'), ('account', 'changed an account'), ('sign_in', 'signed in'), ('sign_in_failed', 'failed to sign in'), ('sign_out', 'signed out'), ('second_step', 'passed the second step of signing in'), ('admin_view', 'looked at a record in the admin'), ('admin_change', 'changed a record in the admin'), ('sync', 'started a synchronisation'), ('replay', 'replayed deliveries'), ('dismiss', 'dismissed deliveries'), ('exclude', 'excluded a reading'), ('undo_exclusion', 'took back an exclusion'), ('goals', 'changed goals')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['view', 'list', 'search', 'export', 'enrol', 'edit', 'discharge', 'order', 'activate', 'cancel', 'close', 'end_monitoring', 'adopt', 'vendor_call', 'invite', 'account', 'sign_in', 'sign_in_failed', 'sign_out', 'second_step', 'admin_view', 'admin_change', 'sync', 'replay', 'dismiss', 'exclude', 'undo_exclusion', 'goals'])), name='audit_action_known'),
        ),
    ]

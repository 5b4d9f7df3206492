import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def fill_patients(apps, schema_editor):
    client_action = apps.get_model('client_actions', 'ClientAction')
    line = apps.get_model('fulfillment', 'OrderLine').objects.filter(pk=models.OuterRef('line'))
    client_action.objects.update(patient=models.Subquery(line.values('patient')))


class Migration(migrations.Migration):

    dependencies = [
        ('client_actions', '0001_initial'),
        ('devices', '0001_initial'),
        ('fulfillment', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='clientaction',
            name='device',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='client_action', to='devices.device'),
        ),
        migrations.AddField(
            model_name='clientaction',
            name='patient',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='client_actions', to='patients.patient'),
        ),
        migrations.RunPython(fill_patients, migrations.RunPython.noop),
        # PostgreSQL refuses to alter a table whose deferred constraints wait for their check.
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='clientaction',
            name='patient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='client_actions', to='patients.patient'),
        ),
        migrations.AlterField(
            model_name='clientaction',
            name='line',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='client_action', to='fulfillment.orderline'),
        ),
        migrations.AddConstraint(
            model_name='clientaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('device__isnull', True), ('line__isnull', False)), models.Q(('device__isnull', False), ('line__isnull', True), ('reorder_requested_at__isnull', True)), _connector='OR'), name='client_action_of_line_or_device'),
        ),
    ]

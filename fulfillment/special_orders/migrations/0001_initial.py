import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('patients', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SpecialOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_id', models.CharField(max_length=255, unique=True)),
                ('order_number', models.CharField(blank=True, max_length=255)),
                ('order_type', models.CharField(blank=True, max_length=32, verbose_name="type in the vendor's words")),
                ('status', models.CharField(blank=True, max_length=255, verbose_name="status in the vendor's words")),
                ('client_device_id', models.CharField(blank=True, max_length=255, verbose_name='HWI device id')),
                ('hardware_uuid', models.CharField(blank=True, max_length=255)),
                ('tracking_link', models.CharField(blank=True, max_length=2000)),
                ('contents', models.JSONField(blank=True, default=list)),
                ('manifest', models.JSONField(blank=True, default=dict)),
                ('created_on', models.DateTimeField(blank=True, null=True)),
                ('updated_on', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='special_orders', to='patients.patient')),
            ],
            options={
                'ordering': ('-received_at',),
                'constraints': [models.CheckConstraint(condition=models.Q(('request_id', ''), _negated=True), name='special_order_has_id')],
            },
        ),
    ]

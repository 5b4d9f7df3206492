import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('devices', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Replacement',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('submission_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('replaces_device', models.BooleanField(default=True, verbose_name='the device')),
                ('old_hardware_uuid', models.CharField(blank=True, max_length=255)),
                ('reason', models.CharField(choices=[('broken', 'It does not work'), ('power', 'It does not charge or switch on'), ('damaged', 'It is damaged'), ('lost', 'It is lost'), ('other', 'Another reason')], max_length=12)),
                ('reason_words', models.CharField(blank=True, max_length=200)),
                ('state', models.CharField(choices=[('requested', 'Being requested'), ('needs_review', 'Needs a person'), ('refused', 'Refused by the vendor'), ('pending', 'Requested, not shipped'), ('action_required', 'Client Action Required'), ('on_hold', 'On Hold'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('returned', 'Returned'), ('cancelled', 'Cancelled'), ('other', 'Unknown at the vendor')], default='requested', max_length=16)),
                ('state_since', models.DateTimeField(default=django.utils.timezone.now)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('vendor_id', models.UUIDField(blank=True, null=True, unique=True)),
                ('vendor_status', models.CharField(blank=True, max_length=255, verbose_name='status code of the vendor')),
                ('order_number', models.CharField(blank=True, max_length=255)),
                ('tracking_link', models.CharField(blank=True, max_length=2000)),
                ('shipped_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('fetched_at', models.DateTimeField(blank=True, null=True)),
                ('refresh_due_at', models.DateTimeField(blank=True, null=True)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('call', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='replacement', to='devices.vendorcall')),
                ('cancellation', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='devices.vendorcall')),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to='devices.device')),
                ('gateway', models.ForeignKey(blank=True, help_text='that is replaced', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='devices.gateway')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to='patients.patient')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-requested_at', '-pk'),
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'needs_review', 'refused', 'pending', 'action_required', 'on_hold', 'shipped', 'delivered', 'returned', 'cancelled', 'other'])), name='replacement_state_known'), models.CheckConstraint(condition=models.Q(('reason__in', ['broken', 'power', 'damaged', 'lost', 'other'])), name='replacement_reason_known'), models.CheckConstraint(condition=models.Q(('replaces_device', True), ('gateway__isnull', False), _connector='OR'), name='replacement_of_something'), models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True), ('replaces_device', True)), fields=('device',), name='replacement_one_open_per_device'), models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True), ('gateway__isnull', False)), fields=('gateway',), name='replacement_one_open_per_gateway')],
            },
        ),
    ]

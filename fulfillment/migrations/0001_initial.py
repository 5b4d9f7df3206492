import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import patients.validators
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('care', '0001_initial'),
        ('devices', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Kit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('folded_name', models.CharField(blank=True, editable=False, max_length=480)),
                ('name', models.CharField(max_length=80, validators=[patients.validators.validate_plain_text])),
                ('description', models.CharField(blank=True, max_length=200, validators=[patients.validators.validate_plain_text])),
                ('without_gateway', models.BooleanField(default=False, help_text='For patients who have a gateway: its devices join that one.')),
                ('active', models.BooleanField(default=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='kits', to='patients.clinic')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='KitItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('device_type', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='devices.devicetype')),
                ('kit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='fulfillment.kit')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('dropship', 'Shipped by the vendor'), ('clinic', 'Shipped by the clinic'), ('activation', 'Handed over on site')], default='dropship', max_length=12)),
                ('submission_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('gateway_id', models.CharField(blank=True, help_text='empty: one is shipped', max_length=255, verbose_name='gateway ID or IMEI')),
                ('ship_name', models.CharField(blank=True, max_length=255)),
                ('ship_street', models.CharField(blank=True, max_length=255)),
                ('ship_city', models.CharField(blank=True, max_length=255)),
                ('ship_state', models.CharField(blank=True, max_length=2)),
                ('ship_zip_code', models.CharField(blank=True, max_length=10)),
                ('require_signature', models.BooleanField(default=False)),
                ('ship_gateway_only', models.BooleanField(default=False, help_text='The patient has the device.', verbose_name='gateway alone')),
                ('physician', models.CharField(blank=True, help_text="passed on to the vendor's fulfillment team", max_length=255)),
                ('notify_emails', models.CharField(blank=True, help_text='whom the vendor mails, comma-separated', max_length=2048)),
                ('note', models.CharField(blank=True, help_text="in the vendor's notes, beside our reference", max_length=200)),
                ('shipped_by_clinic', models.BooleanField(default=False)),
                ('carrier', models.CharField(blank=True, choices=[('usps', 'USPS'), ('ups', 'UPS'), ('fedex', 'FedEx'), ('dhl', 'DHL'), ('courier', 'Courier or visit')], max_length=8)),
                ('tracking_number', models.CharField(blank=True, max_length=64)),
                ('placed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='fulfillment.kit')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='patients.patient')),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-placed_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('family', models.CharField(max_length=255)),
                ('nth', models.PositiveSmallIntegerField(default=1)),
                ('status', models.CharField(choices=[('queued', 'Waiting to be sent'), ('sending', 'Being sent'), ('unknown', 'Sent, answer unclear'), ('needs_review', 'Needs a person'), ('rejected', 'Refused by the vendor'), ('abandoned', 'Given up'), ('cancelled', 'Cancelled'), ('unknown_gateway', 'Unknown gateway'), ('action_required', 'Action required'), ('on_hold', 'On hold'), ('closed_here', 'Closed here, open at the vendor'), ('not_ended', 'End of monitoring not confirmed'), ('other', 'Other'), ('pending', 'Pending shipment'), ('requested', 'Requested'), ('ready', 'Ready to ship'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('connected', 'Connected'), ('returned', 'Returned'), ('unlinked', 'Unlinked')], default='queued', max_length=16)),
                ('status_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('override_reason', models.CharField(blank=True, max_length=200)),
                ('call', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='line', to='devices.vendorcall')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='fulfillment.orderline')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='devices.device')),
                ('device_type', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='devices.devicetype')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='fulfillment.order')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_lines', to='patients.patient')),
            ],
            options={
                'verbose_name': 'ordered device',
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='OrderEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('source', models.CharField(choices=[('person', 'a person'), ('call', 'our call to the vendor'), ('webhook', "the vendor's message"), ('refresh', 'read from the vendor'), ('reading', 'a reading')], max_length=8)),
                ('status', models.CharField(blank=True, help_text='ours', max_length=16)),
                ('text', models.CharField(blank=True, help_text="the vendor's words, or what the person did", max_length=500)),
                ('tracking_link', models.CharField(blank=True, max_length=2000)),
                ('delivery_id', models.BigIntegerField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='devices.device')),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='fulfillment.order')),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='fulfillment.orderline')),
            ],
            options={
                'ordering': ('at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='OrderNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='care.note')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_notes', to='fulfillment.order')),
            ],
            options={
                'verbose_name': 'note on an order',
                'verbose_name_plural': 'notes on orders',
                'ordering': ('pk',),
            },
        ),
        migrations.AddConstraint(
            model_name='kit',
            constraint=models.UniqueConstraint(fields=('clinic', 'folded_name'), name='kit_name_once', violation_error_code='name', violation_error_message='Another kit of this clinic has this name.'),
        ),
        migrations.AddConstraint(
            model_name='kititem',
            constraint=models.UniqueConstraint(fields=('kit', 'device_type'), name='kit_item_once'),
        ),
        migrations.AddConstraint(
            model_name='kititem',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__range', (1, 5))), name='kit_item_quantity_possible'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('tracking_number', ''), _negated=True), fields=['tracking_number'], name='order_by_tracking_number'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('gateway_id', ''), _negated=True), fields=['gateway_id'], name='order_by_gateway'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['patient', '-placed_at'], name='order_by_patient'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['-placed_at'], name='order_by_time'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['dropship', 'clinic', 'activation'])), name='order_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'clinic'), ('shipped_by_clinic', False), _negated=True), models.Q(('kind', 'dropship'), ('shipped_by_clinic', True), _negated=True)), name='order_shipped_by_clinic_fits_kind'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('ship_gateway_only', False), models.Q(('gateway_id', ''), ('kind', 'dropship')), _connector='OR'), name='order_ships_a_new_gateway_alone'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('carrier__in', ['', 'usps', 'ups', 'fedex', 'dhl', 'courier'])), name='order_carrier_known'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['status'], name='line_open_by_status'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True), ('override_reason', '')), fields=('patient', 'family', 'nth'), name='line_one_open'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'sending', 'unknown', 'needs_review', 'rejected', 'abandoned', 'cancelled', 'unknown_gateway', 'action_required', 'on_hold', 'closed_here', 'not_ended', 'other', 'pending', 'requested', 'ready', 'shipped', 'delivered', 'connected', 'returned', 'unlinked'])), name='line_status_known'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('nth__gte', 1)), name='line_nth_counts_from_one'),
        ),
        migrations.AddIndex(
            model_name='orderevent',
            index=models.Index(fields=['device', 'at'], name='event_by_device'),
        ),
        migrations.AddConstraint(
            model_name='orderevent',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['person', 'call', 'webhook', 'refresh', 'reading'])), name='event_source_known'),
        ),
        migrations.AddConstraint(
            model_name='orderevent',
            constraint=models.CheckConstraint(condition=models.Q(('order__isnull', False), ('device__isnull', False), _connector='OR'), name='event_about_something'),
        ),
        migrations.AddConstraint(
            model_name='orderevent',
            constraint=models.UniqueConstraint(fields=('delivery_id', 'device'), name='event_once_per_delivery'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='orderevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='61a72a8a68aac61e969e9d4f9369ff83ce218c4f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_47837', table='fulfillment_orderevent', when='BEFORE')),
        ),
    ]

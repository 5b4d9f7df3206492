import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('fulfillment', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
                ('manifest', models.JSONField(blank=True, default=dict, help_text='an object in webhooks, a list of sections else')),
                ('requested_by', models.CharField(blank=True, max_length=255)),
                ('ship_to', models.CharField(blank=True, max_length=255, verbose_name='shipped to')),
                ('created_on', models.DateTimeField(blank=True, null=True)),
                ('updated_on', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='special_orders', to='patients.patient')),
            ],
            options={
                'ordering': ('-received_at',),
            },
        ),
        migrations.CreateModel(
            name='StockItem',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('hardware_id', models.CharField(blank=True, max_length=255, verbose_name='gateway ID or IMEI')),
                ('name', models.CharField(max_length=255, verbose_name='device')),
                ('contents', models.JSONField(blank=True, default=list, verbose_name='packed with it')),
                ('number', models.PositiveIntegerField(default=0, verbose_name='number of loose device')),
                ('in_stock_since', models.DateTimeField(default=django.utils.timezone.now, help_text="activations before it don't count")),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fulfillment.orderline', verbose_name='activation')),
                ('special_order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stock_items', to='special_orders.specialorder')),
            ],
            options={
                'ordering': ('name', 'hardware_id', 'number'),
            },
        ),
        migrations.CreateModel(
            name='StockCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('in_stock', models.BooleanField(verbose_name='put into stock')),
                ('reason', models.CharField(max_length=200)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='special_orders.stockitem')),
            ],
            options={
                'ordering': ('-at', '-pk'),
            },
        ),
        migrations.AddIndex(
            model_name='specialorder',
            index=models.Index(models.OrderBy(models.F('updated_on'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), name='special_order_newest'),
        ),
        migrations.AddConstraint(
            model_name='specialorder',
            constraint=models.CheckConstraint(condition=models.Q(('request_id', ''), _negated=True), name='special_order_has_id'),
        ),
        migrations.AddIndex(
            model_name='stockitem',
            index=models.Index(fields=['name', 'id'], name='stock_item_by_name'),
        ),
        migrations.AddConstraint(
            model_name='stockitem',
            constraint=models.UniqueConstraint(condition=models.Q(('hardware_id', ''), _negated=True), fields=('hardware_id',), name='stock_item_once'),
        ),
        migrations.AddConstraint(
            model_name='stockitem',
            constraint=models.UniqueConstraint(condition=models.Q(('hardware_id', '')), fields=('special_order', 'name', 'number'), name='stock_item_loose_once'),
        ),
        migrations.AddConstraint(
            model_name='stockcorrection',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='stock_correction_has_reason'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stockcorrection',
            trigger=pgtrigger.compiler.Trigger(name='stock_correction_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5e8c5ae01fee9d1fb389a3ef9ffd9f2063897d12', operation='UPDATE OR DELETE', pgid='pgtrigger_stock_correction_is_final_32447', table='special_orders_stockcorrection', when='BEFORE')),
        ),
    ]

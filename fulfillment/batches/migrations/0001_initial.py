import django.db.models.deletion
import django.utils.timezone
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
            name='OrderBatch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('placed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_batches', to='patients.clinic')),
                ('kit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='fulfillment.kit')),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_batches', to=settings.AUTH_USER_MODEL)),
                ('stopped_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'batch of orders',
                'verbose_name_plural': 'batches of orders',
                'ordering': ('-placed_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='BatchItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('waiting', 'Waiting to be ordered'), ('placed', 'Ordered'), ('refused', 'Not ordered'), ('cancelled', 'Stopped before it was ordered')], default='waiting', max_length=10)),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why it was not ordered')),
                ('order', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='batch_item', to='fulfillment.order')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.patient')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='batches.orderbatch')),
            ],
            options={
                'verbose_name': 'patient of a batch',
                'verbose_name_plural': 'patients of batches',
                'ordering': ('pk',),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='batch_item_waiting')],
                'constraints': [models.UniqueConstraint(fields=('batch', 'patient'), name='batch_patient_once'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'placed', 'refused', 'cancelled'])), name='batch_item_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('order__isnull', False), ('state', 'placed')), models.Q(models.Q(('state', 'placed'), _negated=True), ('order__isnull', True)), _connector='OR'), name='batch_item_placed_has_order')],
            },
        ),
    ]

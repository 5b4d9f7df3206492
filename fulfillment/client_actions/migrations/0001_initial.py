import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('fulfillment', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClientAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reread_until', models.DateTimeField(blank=True, null=True)),
                ('duplicate_wanted_at', models.DateTimeField(blank=True, null=True)),
                ('reorder_requested_at', models.DateTimeField(blank=True, null=True)),
                ('reordered_at', models.DateTimeField(blank=True, null=True)),
                ('next_check_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, help_text='why it is not ordered again', max_length=200)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('line', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='client_action', to='fulfillment.orderline')),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.CheckConstraint(condition=models.Q(('reordered_at__isnull', True), ('reorder_requested_at__isnull', False), _connector='OR'), name='client_action_reordered_after_request')],
            },
        ),
    ]

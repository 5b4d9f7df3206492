import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PatientRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('confirmed', models.JSONField(blank=True, default=dict)),
                ('sent_fields', models.JSONField(blank=True, default=list, help_text='names of all fields that were ever filled')),
                ('address_status', models.CharField(choices=[('not_checked', 'Not checked by the vendor'), ('verified', 'Verified by the vendor'), ('invalid', 'Not valid, says the vendor')], default='not_checked', max_length=12)),
                ('address_verified_by', models.CharField(blank=True, max_length=255)),
                ('address_override', models.CharField(blank=True, max_length=500)),
                ('override_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('reread_due_at', models.DateTimeField(blank=True, null=True)),
                ('override_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='vendor_record', to='patients.patient')),
            ],
            options={
                'verbose_name': "patient's record at the vendor",
                'verbose_name_plural': "patients' records at the vendor",
                'ordering': ('pk',),
                'indexes': [models.Index(condition=models.Q(('reread_due_at__isnull', False)), fields=['reread_due_at'], name='record_to_read_again')],
                'constraints': [models.CheckConstraint(condition=models.Q(('address_status__in', ['not_checked', 'verified', 'invalid'])), name='record_address_status_known')],
            },
        ),
    ]

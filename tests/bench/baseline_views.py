"""Baseline views for the webhook receiver: one raw INSERT, and a usual serializer view."""

import hashlib

from django.db import connection
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device
from measurements.models import Measurement, Metric

INSERT = """
INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged, attempts,
    next_attempt_at)
VALUES ('order', 'webhook', %s, %s, now(), 'done', '', '{}', false, 0, now())
"""


def raw_insert_view(request):
    """No authentication and no checks: one raw INSERT into the receiver's own table."""
    body = request.body
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [body, hashlib.sha256(body).digest()])
    return HttpResponse(status=204)


class ReadingSerializer(serializers.Serializer):
    """As a webhook is usually processed: validated, its device found, saved as a reading, all before the answer."""

    metric = serializers.SlugRelatedField(slug_field="code", queryset=Metric.objects)
    hwi_device_id = serializers.SlugRelatedField(slug_field="hwi_id", queryset=Device.objects, source="device")
    patient_id = serializers.CharField(max_length=255)
    hardware_uuid = serializers.CharField(max_length=255)
    sensor_code = serializers.CharField(max_length=255)
    value_1 = serializers.DecimalField(max_digits=12, decimal_places=2)
    value_2 = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    timestamp = serializers.DateTimeField(source="taken_at")
    timezone_offset = serializers.IntegerField()
    estimated_timestamp = serializers.BooleanField(source="estimated")
    filter_params = serializers.DictField()

    def create(self, validated):
        validated.pop("patient_id")
        return Measurement.objects.create(patient_id=validated["device"].patient_id, **validated)


class SerializerView(APIView):
    authentication_classes = ()

    def post(self, request):
        reading = ReadingSerializer(data=request.data)
        reading.is_valid(raise_exception=True)
        reading.save()
        return Response(status=204)

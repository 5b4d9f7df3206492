"""What the receiver is measured against: the least that could keep a body, and the way it is usually done."""

import hashlib
import uuid

from django.db import connection
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Delivery

INSERT = """
INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged, attempts,
    next_attempt_at)
VALUES ('order', 'webhook', %s, %s, now(), 'done', '', '{}', false, 0, now())
"""


def bare(request):
    """Proves nobody and checks nothing: one raw INSERT into the receiver's own table."""
    body = request.body
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [body, hashlib.sha256(body).digest()])
    return HttpResponse(status=204)


class ReadingSerializer(serializers.Serializer):
    metric = serializers.CharField(max_length=64)
    hwi_device_id = serializers.UUIDField()
    patient_id = serializers.CharField(max_length=255)
    hardware_uuid = serializers.CharField(max_length=255)
    sensor_code = serializers.CharField(max_length=255)
    value_1 = serializers.DecimalField(max_digits=12, decimal_places=2)
    value_2 = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    created = serializers.DateTimeField()
    timestamp = serializers.DateTimeField()
    timezone_offset = serializers.IntegerField()
    estimated_timestamp = serializers.BooleanField()
    filter_params = serializers.DictField()

    def create(self, validated):
        """One row by the ORM, in the same table, so that both write alike."""
        body = repr(validated).encode()
        return Delivery.objects.create(
            kind="order", body=body, digest=hashlib.sha256(body).digest(), state="done", hwi_id=uuid.uuid4()
        )


class WithSerializer(APIView):
    authentication_classes = ()

    def post(self, request):
        reading = ReadingSerializer(data=request.data)
        reading.is_valid(raise_exception=True)
        reading.save()
        return Response(status=204)

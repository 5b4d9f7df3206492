from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from devices import tenovi
from devices.webhooks import registration


class Command(BaseCommand):
    help = "Register our webhooks and their secret header at the vendor. Safe to repeat."

    def handle(self, **_: Any) -> None:
        if not settings.SITE_URL:
            raise CommandError("Set SITE_URL to the address at which the vendor reaches this server.")
        try:
            with tenovi.user_client() as client:
                endpoints = registration.register_webhooks(client, site_url=settings.SITE_URL)
        except tenovi.VendorError as error:
            raise CommandError(f"The vendor did not take it: {error}") from error
        for endpoint in endpoints:
            self.stdout.write(f"registered {endpoint}")
        self.stdout.write(f"set up in the vendor's web app: {settings.SITE_URL}{registration.SPECIAL_ORDERS_PATH}")

from django.apps import AppConfig


class SpecialOrdersConfig(AppConfig):
    name = "fulfillment.special_orders"
    label = "special_orders"
    verbose_name = "Special orders"

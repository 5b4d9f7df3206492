from patients import app_config


class ShippingTestsConfig(app_config.ProjectAppConfig):
    name = "fulfillment.shipping_tests"
    label = "shipping_tests"
    verbose_name = "Shipping tests"
    admin_permissions = {"shippingtest": frozenset({"view", "start"})}
    field_labels = {"deletion": "deletion of its device"}
    page_labels = {"admin:shipping_tests_page": "administration, shipping test"}
    target_labels = {"shipping_test": "shipping test"}

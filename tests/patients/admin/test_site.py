import pytest
from django.contrib.contenttypes.models import ContentType
from django.urls import NoReverseMatch, reverse

from patients.admin_site.site import UNUSED_ROUTES
from patients.models import Patient, User
from tests.routes import list_routes
from tests.sample_clinics import SampleClinics

MALFORMED_IDS = ("x", "²", "9" * 40, "-1", "1_0", "%00", "_00", "%ff", "%F0%9F%92%A9", "a/b", "00000000-0000")
FIXED_PARAMETERS = {"app_label", "url"}


@pytest.fixture
def admin_client(client_of, ada):
    return client_of(ada)


@pytest.mark.parametrize("name", sorted(UNUSED_ROUTES))
def test_admin_site_does_not_mount_routes_that_serve_nothing(name):
    arguments = ["1", "1"] if name == "view_on_site" else []

    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}", args=arguments)


@pytest.mark.parametrize("object_id", ["x", "%00", "9" * 40, "00000000-0000"])
@pytest.mark.parametrize("model", [Patient, User])
def test_admin_shortcut_addresses_are_not_found(admin_client, model, object_id):
    content_type = ContentType.objects.get_for_model(model)
    admin_client.raise_request_exception = False

    assert admin_client.get(f"/admin/r/{content_type.pk}/{object_id}/").status_code == 404
    assert admin_client.get(f"/admin/r/{object_id}/1/").status_code == 404


@pytest.mark.parametrize("verb", ["put", "patch", "delete", "options", "trace"])
def test_admin_answers_no_methods_but_get_head_and_post(admin_client, verb):
    assert getattr(admin_client, verb)("/admin/patients/user/").status_code == 405
    assert admin_client.head("/admin/patients/user/").status_code == 200


def kind_of_page(route):
    return route.pattern.rpartition(">")[2]


def test_admin_routes_with_a_malformed_id_are_no_server_errors(client_of, ada):
    """Each id at each route. GET and POST alternate from id to id, and between the routes of one kind of page (change,
    delete, history), which read the id before the method: each kind meets each id by both.
    """
    world = SampleClinics()
    routes = [route for route in list_routes() if route.pattern.startswith("admin/") and route.names]
    routes = [route for route in routes if not FIXED_PARAMETERS & set(route.names)]
    failed = []

    for n, route in enumerate(sorted(routes, key=kind_of_page)):
        values = world.values(route)
        admin_client = client_of(ada)  # anew, as each request adds a message to a session that shows none
        admin_client.raise_request_exception = False
        for m, malformed in enumerate(MALFORMED_IDS):
            verb = ("get", "post")[(n + m) % 2]
            address = route.address(values | dict.fromkeys(route.names, malformed))
            if getattr(admin_client, verb)(address).status_code >= 500:
                failed.append(f"{verb} {address}")

    assert len(routes) > 50
    assert failed == []

"""Import direction: every module imports only to the left, rooms form no circle, strings name nothing to the right."""

import ast

import pytest

from tests.source_code import (
    EDGE_PACKAGE,
    Module,
    imported_modules,
    packages_named_in_string,
    product_modules,
    room_of,
    string_constants,
    top_level_packages,
    type_only_imports,
)

APP_ORDER = ("patients", "devices", "fulfillment", "measurements", EDGE_PACKAGE)
# Rooms of one app from left to right; rooms of one group are side by side. `models` and plain modules are free.
ROOM_ORDER = {
    "patients": (
        {"queueing"},
        {"audit", "clinics"},
        {"permissions", "practitioners"},
        {"care"},
        {"programmes"},
        {"accounts", "enrollment"},
        {"admin_site"},
        {"files"},
        {"time_sessions"},
        {"imports"},
        {"admin"},
    ),
    "measurements": (
        {"readings", "ingest", "thresholds"},
        {"chart"},
        {"alerts"},
        {"documents"},
        {"reports", "comparison", "activity", "adherence"},
        {"billing"},
        {"timeline"},
        {"patient_list", "patient_page", "triage"},
        {"clinic_report", "billing_audit"},
    ),
}
SIMULATOR = "devices.simulator"
NETWORK_MODULES = {"client", "httpx2", "smtplib", "socket", "subprocess"}


def position_in_app(name):
    """(app, index of the room's group), or None for a room without a place in its app's order."""
    app, _, rest = name.partition(".")
    for index, rooms in enumerate(ROOM_ORDER.get(app, ())):
        if rest.split(".")[0] in rooms:
            return app, index
    return None


def points_right(user, used):
    """Whether a module named `user` may not use what is named `used`."""
    if used.split(".")[0] != user.split(".")[0]:
        return APP_ORDER.index(used.split(".")[0]) > APP_ORDER.index(user.split(".")[0])
    here, there = position_in_app(user), position_in_app(used)
    return bool(here and there and there > here)


def imports_to_the_right(module):
    return [f"{module.name} imports {name}" for name in imported_modules(module) if points_right(module.name, name)]


def strings_to_the_right(module):
    """Names of modules, tasks, models and tables. Route names hold a colon and are no arrows."""
    return [
        f"{module.name} names {node.value.strip()[:60]!r}"
        for node in string_constants(module)
        for name in packages_named_in_string(node.value)
        if module.app != EDGE_PACKAGE and points_right(module.name, name)
    ]


def find_circles(edges):
    """Groups of nodes that reach each other, each in one line. `edges`: set of nodes by node."""
    reached = {node: reachable_from(node, edges) for node in edges}
    circles = {frozenset(other for other in reached[node] if node in reached.get(other, ())) for node in edges}
    return sorted(" ".join(sorted(circle)) for circle in circles if len(circle) > 1)


def reachable_from(start, edges):
    found, waiting = set(), [start]
    while waiting:
        for node in edges.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def import_edges(named):
    """Edges of imports that run; `named(dotted name)` is the node that a module belongs to."""
    edges = {}
    for module in product_modules().values():
        imported = imported_modules(module) - type_only_imports(module)
        used = {named(name) for name in imported} - {named(module.name)}
        edges.setdefault(named(module.name), set()).update(used)
    return edges


def test_app_order_names_every_top_level_package():
    assert sorted(APP_ORDER) == top_level_packages()


def test_imports_of_every_module_point_left():
    found = [line for module in product_modules().values() for line in imports_to_the_right(module)]

    assert found == []


def test_strings_of_every_module_name_nothing_to_the_right():
    found = [line for module in product_modules().values() for line in strings_to_the_right(module)]

    assert found == []


def test_imports_between_rooms_form_no_circle():
    assert find_circles(import_edges(room_of)) == []


def test_imports_between_modules_form_no_circle():
    assert find_circles(import_edges(str)) == []


def test_imports_of_production_code_include_no_tests():
    wrong = [
        module.name
        for module in product_modules().values()
        for name in imported_modules(module)
        if name.startswith("tests")
    ]

    assert wrong == []


def test_imports_between_simulator_and_product_do_not_exist():
    inside = [module for module in product_modules().values() if module.name.startswith("devices.simulator")]
    leaks = [
        f"{m.name} imports {n}" for m in inside for n in imported_modules(m) if not n.startswith("devices.simulator")
    ]
    users = [
        f"{module.name} imports {name}"
        for module in product_modules().values()
        for name in imported_modules(module)
        if name.startswith("devices.simulator") and module not in inside
    ]

    assert leaks + users == []


def test_imports_inside_functions_do_not_exist():
    """But in `AppConfig.ready`, which runs when the models are loaded, and in config, which is loaded before Django."""
    hidden = [
        f"{module.name}:{function.lineno} imports {name} inside {function.name}"
        for module in product_modules().values()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef) and function.name != "ready" and module.app != EDGE_PACKAGE
        for name in imported_modules(module, function)
    ]

    assert hidden == []


def patient_queryset_methods():
    """Names of PatientQuerySet's own methods: those may be used anywhere."""
    tree = product_modules()["patients.models.patient"].tree
    queries = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "PatientQuerySet")
    return {node.name for node in queries.body if isinstance(node, ast.FunctionDef)}


def bare_patient_queries(module):
    """Lines that query patients other than through a method of PatientQuerySet."""
    parents = {child: node for node in ast.walk(module.tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager")):
            continue
        if not (isinstance(node.value, ast.Name) and node.value.id == "Patient"):
            continue
        used = parents[node]
        if not (isinstance(used, ast.Attribute) and used.attr in patient_queryset_methods()):
            yield f"{module.name}:{node.lineno}"


def test_patient_queries_outside_patients_use_queryset_methods_only():
    """Inside patients/ all but views and forms may query freely."""
    watched = [m for m in product_modules().values() if m.app != "patients" or m.name.endswith(("views", "forms"))]

    assert [line for module in watched for line in bare_patient_queries(module)] == []


def test_get_object_or_404_is_never_used_for_patient_data():
    wrong = [
        f"{module.name}:{node.lineno}"
        for module in product_modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("get_object_or_404", "get_list_or_404")
        and node.args
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in ("Patient", "User", "Order", "Device")
    ]

    assert wrong == []


def is_atomic_block(node):
    calls = [item.context_expr for item in node.items] if isinstance(node, ast.With) else node.decorator_list
    return any("atomic" in ast.unparse(call) for call in calls)


def network_calls(node):
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            root = call.func.value
            if isinstance(root, ast.Name) and root.id in NETWORK_MODULES:
                yield call.lineno


def test_network_calls_inside_transactions_do_not_exist():
    wrong = [
        f"{module.name}:{line}"
        for module in product_modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.With | ast.FunctionDef) and is_atomic_block(node)
        for line in network_calls(node)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ("Patient.objects.get(pk=1)", True),
        ("Patient.objects.filter(pk=1)", True),
        ("rows = Patient.objects", True),
        ("Patient.objects.visible_to(nadia).filter(pk=1)", False),
        ("Patient.objects.enrolled()", False),
    ],
)
def test_bare_patient_queries_detects_unscoped_querysets(tmp_path, code, caught):
    path = tmp_path / "sample.py"
    path.write_text(code)

    assert bool(list(bare_patient_queries(Module("devices.sample", path)))) is caught


@pytest.mark.parametrize(
    ("user", "used", "caught"),
    [
        ("patients.enrollment.views", "devices.models", True),
        ("fulfillment.tracking", "measurements.tasks.anything", True),
        ("devices.sync.upsert", "config.celery", True),
        ("patients.audit.queries", "patients.admin_site.base", True),
        ("measurements.readings.views", "measurements.chart.panels", True),
        ("measurements.chart.panels", "measurements.readings.table", False),
        ("patients.accounts.views", "patients.enrollment.views", False),
        ("config.urls", "measurements.urls", False),
    ],
)
def test_points_right_detects_order_of_apps_and_rooms(user, used, caught):
    assert points_right(user, used) is caught


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("measurements.tasks.pull_measurements", ["measurements.tasks.pull_measurements"]),
        ("devices.Device", ["devices.Device"]),
        ("devices.view_device", ["devices.view_device"]),
        ("SELECT id FROM devices_device WHERE TRUE", ["devices"]),
        ("order_list", []),
        ("devices:device", []),
        ("devices/device.html", []),
        ("Devices. And more.", []),
    ],
)
def test_packages_named_in_string_detects_modules_models_tasks_and_tables(text, packages):
    assert list(packages_named_in_string(text)) == packages


def test_find_circles_detects_circle_through_third_room():
    assert find_circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a b c"]

"""patients <- devices <- measurements, fulfillment; edges translate and nothing of the domain knows them."""

import ast

import pytest

from tests.source_code import APPS, Module, imported_modules, product_modules

ALLOWED_APPS = {
    "patients": {"patients"},
    "devices": {"patients", "devices"},
    "measurements": {"patients", "devices", "measurements"},
    "fulfillment": {"patients", "devices", "fulfillment"},
}
# `adapter`, `apps`, `backends`, `mfa_forms`, `middleware`, `receivers`: how Django and allauth call us.
# `health` answers probes.
EDGE_MODULES = {
    "accounts",
    "monitoring",
    "enrollment",
    "patient_list",
    "patient_page",
    "equipment",
    "queueing",
    "views",
    "form_base",
    "forms",
    "mfa_forms",
    "webhooks",
    "tasks",
    "admin",
    "admin_audit",
    "admin_base",
    "admin_editing",
    "admin_filters",
    "admin_records",
    "admin_site",
    "urls",
    "templatetags",
    "commands",
} | {*("account_urls", "adapter", "apps", "backends", "middleware", "receivers", "health", "checks", "context")}
NETWORK_MODULES = {"client", "httpx2", "smtplib", "socket", "subprocess"}


def is_edge(name):
    return bool(EDGE_MODULES & set(name.split(".")[1:])) or ".management" in name


def domain_modules():
    outside = ("devices.simulator",)
    return [
        m
        for m in product_modules().values()
        if m.app in APPS and not is_edge(m.name) and not m.name.startswith(outside)
    ]


def test_imports_of_domain_modules_follow_app_order():
    wrong = [
        f"{module.name} imports {name}"
        for module in domain_modules()
        for name in imported_modules(module)
        if name.split(".")[0] not in ALLOWED_APPS[module.app]
    ]

    assert wrong == []


def test_imports_of_domain_modules_include_no_edge_module():
    wrong = [
        f"{module.name} imports {name}"
        for module in domain_modules()
        for name in imported_modules(module)
        if is_edge(name) and not {"queueing", "outages"} & set(name.split("."))
    ]

    assert wrong == []


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


def test_imports_inside_domain_functions_do_not_exist():
    hidden = [
        f"{module.name}:{function.lineno} imports {name} inside {function.name}"
        for module in domain_modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef)
        for name in imported_modules(module, function)
    ]

    assert hidden == []


def patient_queryset_methods():
    """What PatientQuerySet itself names: those filters may be used anywhere."""
    tree = product_modules()["patients.models.patient"].tree
    queries = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "PatientQuerySet")
    return {node.name for node in queries.body if isinstance(node, ast.FunctionDef)}


def bare_patient_queries(module):
    """Lines where patients are reached other than through a named adjective or `access.open_patient`."""
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
    """Inside patients/ only the domain itself may query freely."""
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
        if module.app in APPS
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

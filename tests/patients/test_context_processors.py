"""`permitted` in templates: one boolean for each permission of the signed-in user."""

import re

import pytest

from patients.context_processors import permission_flags
from patients.permissions import GIVEN_TO_PEOPLE, PERMISSIONS_BY_ROLE, Permission
from tests.source_code import ROOT

TEMPLATES = ROOT / "templates"
USED_FLAG = re.compile(r"\bpermitted\.(\w+)")


@pytest.mark.parametrize("person", ["nadia", "cora", "ada"])
def test_permission_flags_are_those_of_the_role(rf, person, request):
    request_of_user = rf.get("/")
    request_of_user.user = request.getfixturevalue(person)

    flags = permission_flags(request_of_user)["permitted"]

    role = request_of_user.user.role
    own = {each for each in PERMISSIONS_BY_ROLE[role] if (role, each) not in GIVEN_TO_PEOPLE}
    assert {name for name, has in flags.items() if has} == {permission.name.lower() for permission in own}


def test_permission_flags_are_computed_at_first_use(rf):
    permission_flags(rf.get("/"))  # has no user yet


def test_templates_name_only_existing_permissions():
    """`{% if %}` takes a misspelt flag for False without an error, so a button would be missing."""
    used = {name for path in TEMPLATES.rglob("*.html") for name in USED_FLAG.findall(path.read_text())}

    assert used <= {permission.name.lower() for permission in Permission}
    assert used

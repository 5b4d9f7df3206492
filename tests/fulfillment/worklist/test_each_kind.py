"""Each cause of an exception, one after another: listed with its words and a next step that opens, and over again."""

from html import unescape

import pytest
from django.urls import reverse

from fulfillment.worklist.kinds import registry
from fulfillment.worklist.models import WorklistEvent, WorklistItem
from fulfillment.worklist.refresh import refresh_worklist
from patients.permissions import Permission, has_permission
from tests.fulfillment.worklist.causes import Clinic
from tests.fulfillment.worklist.causes_in_use import CAUSES
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db
OF_THE_ACCOUNT = {"lane_stopped", "unknown_device"}  # name no patient


def test_every_kind_of_exception_has_a_cause_here():
    assert set(CAUSES) == set(registry.kinds)


@pytest.fixture
def open_as(client_of, nadia, cora, ada):
    """The page of an address, as a user who has the permission."""

    def opened(url, permission):
        user = next(user for user in (cora, nadia, ada) if has_permission(user, permission))
        return client_of(user).get(url)

    return opened


@pytest.mark.parametrize("name", sorted(registry.kinds))
def test_exception_is_listed_with_its_next_step_until_its_cause_is_over(request, open_as, rosa, elm, name):
    cause = CAUSES[name](Clinic(request))
    next(cause)
    refresh_worklist()

    item = WorklistItem.objects.open().for_list().filter(kind=name)[0]
    kind = registry.kinds[name]
    text = kind.describe(item.facts)
    page = open_as(f"{reverse('exceptions:list')}?kind={name}", Permission.VIEW_ORDERS)
    said = unescape(page_text(page))
    assert [words for words in (kind.label, text.meaning, text.advice) if words not in said] == []
    if name in OF_THE_ACCOUNT:
        assert (item.clinic, item.patient) == (None, None)
    else:
        assert (item.clinic, item.patient) == (elm, rosa)
        assert rosa.phone[-4:] in said
    check_next_step(open_as, name, item, page)

    next(cause, None)
    refresh_worklist()

    item.refresh_from_db()
    solved = item.events.get(kind=WorklistEvent.Kind.SOLVED)
    assert (bool(item.closed_at), solved.text) == (True, item.solution)
    own = open_as(reverse("exceptions:page", args=[item.pk]), Permission.VIEW_ORDERS)
    assert item.solution in unescape(page_text(own))
    assert not WorklistItem.objects.unsolved().filter(kind=name).exists()


def check_next_step(open_as, name, item, page):
    action = registry.kinds[name].next_action(item)
    assert action
    if action.permission == Permission.ADMINISTER:  # the administration lists exceptions too, with these steps
        page = open_as(reverse("admin:worklist_worklistitem_changelist"), action.permission)
    assert f'href="{action.url}"' in page.content.decode()
    answer = open_as(action.url, action.permission)
    if answer.status_code == 302:  # a device that was ordered here has the page of its line
        answer = open_as(answer.url, action.permission)
    assert answer.status_code == 200

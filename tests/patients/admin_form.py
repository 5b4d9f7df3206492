"""The form of a record in the admin, as a browser would send it."""

import re


def opened(client, address):
    """What it would send if nothing in it were touched."""
    page = client.get(address)
    fields = list(page.context["adminform"].form)
    for formset in (each.formset for each in page.context["inline_admin_formsets"]):
        fields += [*formset.management_form, *(field for part in formset.forms for field in part)]
    sent = {field.html_name: field.value() for field in fields if not field.html_name.endswith("-DELETE")}
    return {name: value for name, value in sent.items() if value not in (None, False)} | {"edition": edition(page)}


def edition(response):
    """What the form says of the state that it stands on."""
    return re.search(r'name="edition" value="(\w+)"', response.content.decode())[1]

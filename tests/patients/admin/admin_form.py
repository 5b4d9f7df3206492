"""The form of a record in the admin, as a browser would send it."""

import re


def admin_form_data(client, address):
    """What it would send if nothing in it were touched."""
    page = client.get(address)
    fields = list(page.context["adminform"].form)
    for formset in (each.formset for each in page.context["inline_admin_formsets"]):
        fields += [*formset.management_form, *(field for part in formset.forms for field in part)]
    sent = {field.html_name: field.value() for field in fields if not field.html_name.endswith("-DELETE")}
    version = {"edit_version": form_edit_version(page)} if page.context.get("original") else {}
    return {name: value for name, value in sent.items() if value is not None and value is not False} | version


def form_edit_version(response):
    """The digest in the form of the state that it was opened on."""
    return re.search(r'name="edit_version" value="(\w+)"', response.content.decode())[1]

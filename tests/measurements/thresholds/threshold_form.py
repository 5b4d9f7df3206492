"""The form of goals as a browser has it, and what it sends back."""


def threshold_form_data(client, rosa):
    """What a browser would post of the page without changes."""
    form = client.get(f"/patients/{rosa.pk}/goals/").context["form"]
    return {
        field.html_name: "" if field.value() is None else field.value() for field in form if "-back" not in field.name
    }


def save_thresholds(client, rosa, data, **changes):
    return client.post(f"/patients/{rosa.pk}/goals/save/", {**data, **changes}, follow=True)

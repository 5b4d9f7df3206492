"""Every route of the URLconf, with a real address for each."""

import re
from dataclasses import dataclass

from django.urls import get_resolver
from django.urls.resolvers import RoutePattern, URLResolver
from django.utils.regex_helper import normalize

from tests.source_code import product_apps

ADMIN_MODEL_PATTERN = re.compile(r"admin/(?P<app>\w+)/(?P<model>\w+)/(<path:object_id>/|$)")


@dataclass(frozen=True)
class Route:
    pattern: str  # as the URLconf spells it, from the root
    parts: tuple
    callback: object
    name: str = ""
    namespace: str = ""  # with its colon, as in `reverse`

    @property
    def policy(self):
        """Access policy of the view. `VitalsAdminSite.admin_view` guards the admin, a header guards the webhooks."""
        if self.pattern.startswith("admin/"):
            return "admin"
        if self.pattern.startswith("^hooks/"):
            return "vendor"
        view = getattr(self.callback, "cls", None) or getattr(self.callback, "view_class", None)
        return getattr(self.callback, "policy", getattr(view, "policy", None))

    @property
    def names(self):
        """Names of the address's parameters, such as `patient_id`."""
        return [name for part in self.parts for name in parameter_names(part)]

    @property
    def admin_model(self):
        """(app, model) of an admin page about a list or a record."""
        match = ADMIN_MODEL_PATTERN.match(self.pattern)
        return (match["app"], match["model"]) if match and match["app"] in product_apps() else None

    def address(self, values):
        return "/" + "".join(fill_pattern(part, values) for part in self.parts)


def list_routes():
    return list(iterate_routes(get_resolver(), ()))


def iterate_routes(resolver, before, namespace=""):
    for entry in resolver.url_patterns:
        parts = (*before, entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from iterate_routes(entry, parts, inner)
        else:
            yield Route("".join(str(part) for part in parts), parts, entry.callback, entry.name or "", namespace)


def parameter_names(part):
    if isinstance(part, RoutePattern):
        return list(part.converters)
    return list(part.regex.groupindex)


def fill_pattern(part, values):
    if isinstance(part, RoutePattern):
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), str(part))
    template, _ = normalize(part.regex.pattern)[0]
    return template % values

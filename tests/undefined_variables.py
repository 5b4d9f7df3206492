"""A variable that a template of ours names and nobody gives fails its test; Django's own may do as they do."""

import inspect

from django.template import Template

from config.launcher.paths import ROOT

TEMPLATES_FOLDER = str(ROOT / "templates")
RENDER_METHODS = {"render", "_render"}


class FailOnUndefinedVariable(str):
    """For `string_if_invalid`: Django asks it for "%s" and formats it with the variable's name."""

    __slots__ = ()

    def __contains__(self, words):
        return words == "%s"

    def __mod__(self, variable):
        origin = innermost_template()
        if origin.startswith(TEMPLATES_FOLDER):
            raise AssertionError(f"{origin.removeprefix(TEMPLATES_FOLDER)} names {variable}, which is not there.")
        return ""


def innermost_template():
    frame = inspect.currentframe()
    while frame:
        # A look at a frame's variables copies them all, and Django's own templates name what isn't there by the dozen.
        if frame.f_code.co_name in RENDER_METHODS and isinstance(rendered := frame.f_locals.get("self"), Template):
            return str(rendered.origin)
        frame = frame.f_back
    return ""

"""Undefined variables in the project's own templates fail the test; Django's templates may have them."""

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
        # Reading `f_locals` copies all variables, and Django's own templates have dozens of undefined ones.
        if frame.f_code.co_name in RENDER_METHODS and isinstance(rendered := frame.f_locals.get("self"), Template):
            return str(rendered.origin)
        frame = frame.f_back
    return ""

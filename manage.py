#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    # A command on a file of facts runs without any configuration.
    settings = "config.facts_settings" if any(word.startswith("--facts") for word in sys.argv) else "config.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

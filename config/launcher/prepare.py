"""Database tables, cache table and static files, prepared before the web server starts. Idempotent."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False)
    call_command("createcachetable")
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    main()

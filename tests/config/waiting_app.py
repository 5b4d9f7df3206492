"""WSGI application whose import waits for a file, as the import of a large product takes seconds. Answers its pid."""

import os
import time
from pathlib import Path

folder = Path(os.environ["WAITING_APP_FOLDER"])
(folder / f"importing-{os.getpid()}").touch()
while not (folder / "may-start").exists():
    time.sleep(0.02)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]

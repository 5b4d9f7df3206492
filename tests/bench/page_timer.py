"""Server time of pages: `python -m tests.bench.page_timer`, which reads one request per line.

Everything from middleware to template in one process, against a real PostgreSQL, without network and gunicorn.
A line is {"who", "path", "times"}, with "form" for what is posted; the answer has the wall-clock milliseconds of each
time (`ms`), CPU milliseconds of this process and the database together (`cpu`), and queries, bytes and status.
{"refresh": times} times refreshes of the exceptions.
{"who", "choice"} arranges the list; {"who", "explain": path} returns the plan nodes that read the readings.
"""

import gzip
import json
import os
import sys
import time
from functools import cache, partial
from operator import itemgetter
from pathlib import Path

import django

from config.gc_tuning import freeze_and_tune_gc

TICKS_MS = 1000 / os.sysconf("SC_CLK_TCK")


def main():
    django.setup()
    freeze_and_tune_gc()  # as gunicorn's processes do
    for line in sys.stdin:
        print(json.dumps(answer_request(json.loads(line))), flush=True)


def answer_request(asked):
    if "refresh" in asked:
        return {"seconds": [refresh_exceptions() for _ in range(asked["refresh"])]}
    client = logged_in_client(asked["who"])
    if "choice" in asked:
        assert client.post("/patients/arrange/", asked["choice"])["Location"] == "/patients/"
        return {}
    if "explain" in asked:
        return reading_plan_nodes(client, asked["explain"])
    return measure_page(client, asked["path"], asked["times"], asked.get("form"))


def refresh_exceptions():
    from fulfillment.worklist.refresh import refresh_worklist

    began = time.perf_counter()
    refresh_worklist()
    return time.perf_counter() - began


@cache
def logged_in_client(email):
    from django.test import Client

    from patients.models import User

    client = Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_ENCODING="gzip")
    client.force_login(User.objects.get(email=email))
    return client


def measure_page(client, path, times, form=None):
    """`{version}` in the path is replaced by the page's own. The first request warms up, two more count queries."""
    path = fill_in_live_version(client, path)
    request = partial(client.post, path, form, follow=True) if form else partial(client.get, path)
    request()
    # The fewer of two: some requests also record the user's last activity.
    response, asked = min((count_queries(request) for _ in range(2)), key=itemgetter(1))
    assert response.status_code in (200, 204), (path, response.status_code)
    taken, cpu = [], cpu_ms()
    for _ in range(times):
        began = time.perf_counter()
        request()
        taken.append(1000 * (time.perf_counter() - began))
    cpu = (cpu_ms() - cpu) / max(times, 1)
    sizes = {"bytes": len(uncompressed_body(response)), "sent": len(response.content)}
    return {"ms": taken, "cpu": cpu, "queries": asked, "status": response.status_code, **sizes}


def fill_in_live_version(client, path):
    if "{version}" not in path:
        return path
    page = path.split("live/")[0]
    body = uncompressed_body(client.get(page)).decode()
    return path.replace("{version}", body.split('data-live-version="')[1].split('"')[0])


def uncompressed_body(response):
    return gzip.decompress(response.content) if "Content-Encoding" in response else response.content


def count_queries(request):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        response = request()
        asked = len(queries)  # before the next request empties the log
    return response, asked


def cpu_ms():
    """CPU time of this process and of its database backend (Linux only)."""
    from django.db import connection

    ours = time.process_time() * 1000
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    if not stat.exists():
        return ours
    fields = stat.read_text().rpartition(")")[2].split()
    return ours + (int(fields[11]) + int(fields[12])) * TICKS_MS


def reading_plan_nodes(client, path):
    """Plan nodes by which each of a page's queries reads the readings; index-only scans are expected."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    nodes = []
    with connection.cursor() as cursor:
        for query in queries:
            if query["sql"].lstrip().startswith("SELECT") and "measurements_measurement" in query["sql"]:
                cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
                nodes += plan_nodes(cursor.fetchone()[0][0]["Plan"])
    return [node for node in nodes if node[1] == "measurements_measurement"]


def plan_nodes(plan):
    yield plan["Node Type"], plan.get("Relation Name", ""), plan.get("Index Name", "")
    for below in plan.get("Plans", ()):
        yield from plan_nodes(below)


if __name__ == "__main__":
    main()

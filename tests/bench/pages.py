"""What pages cost on the server: `python -m tests.bench.pages '{"session": ..., "patient": ...}' 40`.

The whole stack from middleware to template in one process, against a real PostgreSQL; the wire and gunicorn left out.
Prints, per page, milliseconds of each time, queries and bytes; and what the plans of the list's own queries read.
"""

import gzip
import json
import sys
import time

import django

WARM = 3
SORTS = ("name", "blood_pressure", "weight", "glucose", "spO2", "last", "days")


def main(known, times):
    django.setup()
    from django.test import Client

    client = Client(HTTP_HOST="127.0.0.1")
    client.cookies["sessionid"] = known["session"]
    found = {}
    for sort in SORTS:
        arrange(client, sort=sort)
        found[f"list by {sort}"] = measured(client, "/patients/", times)
        found[f"list by {sort}, middle"] = measured(client, f"/patients/?after={known['patient']}", times)
    arrange(client, devices="trouble", silent="2", condition="copd")
    found["list narrowed thrice"] = measured(client, "/patients/", times)
    found["list unchanged"] = measured(client, live(client), times)
    arrange(client, everybody="1")
    for days in (30, 365, 0):
        page = f"/patients/{known['patient']}/"
        found[f"patient page, {days or 'all'} days"] = measured(client, f"{page}?days={days}", times)
        found[f"chart data, {days or 'all'} days"] = measured(client, f"{page}live/?v=0&days={days}", times)
    found["order list"] = measured(client, "/orders/", times)
    print(json.dumps({"pages": found, "reads": read_by(client, "/patients/")}))


def arrange(client, **choice):
    assert client.post("/patients/arrange/", choice).status_code == 302


def live(client):
    body = client.get("/patients/").content.decode()
    return "/patients/live/?v=" + body.split('data-live-version="')[1].split('"')[0]


def measured(client, path, times):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(WARM):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(path)
            asked = len(queries)  # before the next request empties the log
        assert response.status_code in (200, 204), (path, response.status_code)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        response = client.get(path)
        taken.append(1000 * (time.perf_counter() - began))
    sizes = {"bytes": len(response.content), "gzip": len(gzip.compress(response.content))}
    return {"ms": taken, "queries": asked, **sizes}


def read_by(client, path):
    """The nodes by which each of a page's queries reads the readings: an index alone is what we want to see."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    nodes = []
    with connection.cursor() as cursor:
        for query in queries:
            if query["sql"].startswith("SELECT") and "measurements_measurement" in query["sql"]:
                cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
                nodes += walk(cursor.fetchone()[0][0]["Plan"])
    return [node for node in nodes if node[1] == "measurements_measurement"]


def walk(plan):
    yield plan["Node Type"], plan.get("Relation Name", ""), plan.get("Index Name", "")
    for below in plan.get("Plans", ()):
        yield from walk(below)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]))

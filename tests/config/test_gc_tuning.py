"""Garbage collector tuning: collections are rare in web and worker processes, and still free cycles."""

import os
import subprocess
import sys

import pytest

from config.launcher.paths import ROOT

WEB = "import runpy, types; runpy.run_path('config/gunicorn.py')['post_worker_init'](types.SimpleNamespace(age=1))"
WORKER = "import config.celery; from celery.signals import worker_process_init; worker_process_init.send(None)"
LOOK = """
import gc, weakref
before = gc.get_threshold()[0], gc.get_freeze_count()
{begin}
class Node: pass
node = Node(); node.itself = node; seen = weakref.ref(node); del node
made = []
while seen() is not None:
    made.append([])
print(before[1], gc.get_freeze_count() > 1000, 10 * before[0] < len(made) < 200_000)
"""


@pytest.mark.parametrize("begin", [WEB, WORKER], ids=["web", "worker"])
def test_gc_tuning_freezes_loaded_objects_and_collects_new_cycles(begin):
    words = [sys.executable, "-c", LOOK.format(begin=begin)]
    said = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["0", "True", "True"]

"""Stands in for the model's server: it says where it is, or fails, as the parameter "does" tells it to."""

import json
import os
import sys
from pathlib import Path

wanted = json.loads(sys.stdin.readline())
if wanted["does"] == "crash":
    sys.stderr.write("loading\nRuntimeError: failed to load model\n")
    sys.exit(1)
if wanted["does"] == "babble":
    sys.stdout.write("hello\n")
    sys.stdout.flush()
if wanted["does"] == "serve":
    environment = dict(os.environ)  # noqa: TID251 - to see what it was given
    Path(wanted["note"]).write_text(json.dumps({"key": wanted["key"], "environment": environment}))
    sys.stdout.write(json.dumps({"address": f"http://127.0.0.1:{os.getpid()}"}) + "\n")
    sys.stdout.flush()
sys.stdin.read()

"""The process that serves the local model: started by ``process.py`` as a file, it knows nothing of Nightshift.

It reads its parameters as one line of JSON, writes its address as one line of JSON, and ends when its input ends:
the pipe breaks when the parent dies, however it dies.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Serve until the input ends."""
    # Ctrl-C in the terminal is for the parent; its end is ours.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wanted = json.loads(sys.stdin.readline())
    # Libraries print to stdout as they please; that pipe is for the address alone.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.nice(wanted["niceness"])
    from xllamacpp import Server  # type: ignore[import-untyped]  # a compiled module without type information

    server = Server(_parameters(wanted))
    answer.write(json.dumps({"address": server.listening_address}) + "\n")
    answer.flush()
    sys.stdin.read()
    # The server's threads may be in the middle of a token; nothing of theirs is worth waiting for.
    os._exit(0)


def _parameters(wanted: dict[str, Any]) -> Any:  # xllamacpp has no types
    from xllamacpp import CommonParams

    parameters = CommonParams()
    parameters.model.path = str(Path(wanted["model"]))
    parameters.model_alias = [wanted["name"]]
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.api_keys = [wanted["key"]]
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = wanted["threads"]
    parameters.n_ctx, parameters.n_parallel = wanted["context_tokens"], wanted["calls"]
    # Every call may use the whole context, and a prompt that left its slot is kept in memory and comes back from
    # there: a task finds the fixed part of its prompt again wherever its call lands.
    parameters.kv_unified, parameters.cache_ram_mib = True, wanted["cache_mib"]
    # Between batches the server looks for cancelled calls and writes for the others; larger ones are no faster here.
    parameters.n_batch = parameters.n_ubatch = wanted["batch_tokens"]
    parameters.use_jinja, parameters.ui, parameters.verbosity = True, False, 2
    return parameters


if __name__ == "__main__":
    main()

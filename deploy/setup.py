"""Makes a fresh checkout ready and runs it: `python3 deploy/setup.py COMMAND`; COMMANDS has them all.

Only the standard library, in syntax that Python 3.6 can read: an interpreter that is too old has to get as far as the
line that says so.
"""

# ruff: noqa: T201, S603, S606, TID251

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ".venv/bin/python"
STAMP = Path(".venv/nightshift-setup.json")
LOG = Path(".venv/nightshift-setup.log")
SUPPORTED = ("3.11", "3.12")
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
DISK_GB = 6
# The usual build of torch for Linux brings gigabytes of CUDA that a machine without a GPU has no use for.
TORCH_CPU = "https://download.pytorch.org/whl/cpu"


class Impossible(Exception):
    """Something is missing; the message is one line that says what to do."""


def main(arguments):
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(description="Make a checkout ready and run it.")
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("--docs", default="deploy/demo", help="what `run` ingests")
    parser.add_argument("--largest", default="100000", help="chunks in the largest index that `bench` searches")
    parser.add_argument("--attacks", default="tests/security/attacks", help="the folder of texts that `security` tries")
    parser.add_argument("--fault", default="slow-dependency", help="what goes wrong in `demo-incident`")
    given = parser.parse_args(arguments)
    try:
        os.chdir(str(ROOT))
        return COMMANDS[given.command](given)
    except Impossible as reason:
        print(f"nightshift: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on where this one stopped.", file=sys.stderr)
        return 130


def setup(given):
    """Environment and model files."""
    prepare(with_tests=False)
    print("Ready. `make run` starts the assistant.")
    return 0


def run(given):
    """Set up, ingest what has changed, serve."""
    prepare(with_tests=False)
    code = module("bot", "serve", "--check") or module("ingest", str(Path(given.docs).expanduser()))
    if code:
        return code
    sys.stdout.flush()
    return os.execv(PYTHON, [PYTHON, "-m", "bot", "serve"])


def test(given):
    """Linters, types and all tests."""
    prepare(with_tests=True)
    at_once = str(min(os.cpu_count() or 1, 8))
    # Playwright keeps an event loop running that no other test in its process could share, and what a night measures
    # in seconds would be wrong beside other work.
    rest = ("-m", "not browser and not nights and not long", "--numprocesses", at_once, "--dist", "loadfile")
    return (
        check()
        or module("pytest", *rest)
        or module("pytest", "-m", "browser")
        or module("pytest", "-m", "nights and not long")
    )


def lint(given):
    """Linters and types."""
    prepare(with_tests=True)
    return check()


def bench(given):
    """Measure start, acknowledgement, search and answers on this machine."""
    prepare(with_tests=False)
    return module("tests.bench", "--largest", given.largest)


def security(given):
    """Put attacks into everything that is read, with a model that obeys them, and count those that came to nothing."""
    prepare(with_tests=True)
    return module("tests.security", given.attacks)


def conversation(platform):
    """A conversation on a chat platform of our own, kept as a picture."""

    def show(given):
        prepare(with_tests=False)
        return module("ingest", "deploy/demo") or module("deploy.conversation", platform)

    return show


def incident(given):
    """A shop of real processes with its monitoring, and an incident in it."""
    prepare(with_tests=False)
    return module("ingest", "deploy/demo") or module("deploy.demo.shop", "run", given.fault)


COMMANDS = {"setup": setup, "run": run, "test": test, "lint": lint, "bench": bench, "security": security}
COMMANDS["demo-incident"] = incident
COMMANDS.update({"demo-" + platform: conversation(platform) for platform in ("slack", "feishu")})


def check():
    """The first linter that complains ends it."""
    contracts = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return (
        module("ruff", "check", ".")
        or module("ruff", "format", "--check", ".")
        or subprocess.call([PYTHON, "-c", contracts])
        or module("mypy")
    )


def module(*command):
    """Run a module with the environment's Python; console scripts break in folders with a blank in their name."""
    return subprocess.call([PYTHON, "-m", *command])


def prepare(with_tests):
    """Make the environment and bring the model files, unless an earlier run has and nothing has changed since."""
    stamp = read_stamp()
    environment = digest("pyproject.toml", "deploy/setup.py")
    models = digest("connectors/weights/manifest.toml", "nightshift.toml", *variables())
    if not Path(PYTHON).exists() or stamp.get("environment") != environment or with_tests > stamp.get("tests", False):
        install(find_python(), with_tests)
        stamp = {"environment": environment, "tests": with_tests}
        STAMP.write_text(json.dumps(stamp))
    if stamp.get("models") != models or not all(Path(path).exists() for path in stamp["paths"]):
        if module("bot", "models", "pull"):
            sys.exit(1)
        stamp.update(models=models, paths=model_paths())
        STAMP.write_text(json.dumps(stamp))


def model_paths():
    """Where the model files lie that the settings need."""
    listed = subprocess.check_output([PYTHON, "-m", "bot", "models", "list", "--json"])
    return [model["path"] for model in json.loads(listed.decode("utf-8")) if model["needed"]]


def read_stamp():
    """What an earlier run has finished."""
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def digest(*names):
    """Changes with the content of these files, with these words, and with the folder."""
    found = hashlib.sha256(os.fsencode(str(ROOT)))
    for name in names:
        found.update(Path(name).read_bytes() if Path(name).is_file() else os.fsencode(name))
    return found.hexdigest()


def variables():
    """The settings that the environment holds."""
    return sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NIGHTSHIFT_"))


def find_python():
    """The path of a Python that will do, the running one first."""
    seen = []
    for candidate in (sys.executable, "python3.12", "python3.11", "python3"):
        version = ask(candidate, VERSION)
        if version in SUPPORTED:
            if ask(candidate, "import venv, ensurepip; print('yes')") == "yes":
                return candidate
            hint = f"Debian and Ubuntu: apt install python{version}-venv"
            raise Impossible(f"Python {version} has no venv and no ensurepip; install them ({hint}).")
        if version and version not in seen:
            seen.append(version)
    found = " and ".join(seen) or "none"
    raise Impossible(f"Python 3.11 or 3.12 is needed, found {found}; install one and set PYTHON=/path/to/it.")


def ask(python, code):
    """What a Python prints for a line of code; None when there is no such Python or it does not work."""
    try:
        said = subprocess.check_output([python, "-c", code], stderr=subprocess.DEVNULL, universal_newlines=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.strip()


def install(python, with_tests):
    """Make .venv and install everything into it. What an interrupted run has installed stays."""
    check_folder()
    if ask(PYTHON, VERSION) not in SUPPORTED:
        print(f"[1/3] Python environment: .venv, by {python}", flush=True)
        if subprocess.call([python, "-m", "venv", "--clear", ".venv"]):
            raise Impossible("the environment could not be made; the lines above say why.")
    torch = re.search(r'"(torch==[^"]+)"', Path("pyproject.toml").read_text(encoding="utf-8")).group(1)
    if ask(PYTHON, "import importlib.metadata as m; print('torch==' + m.version('torch').split('+')[0])") != torch:
        pip("[2/3] PyTorch", [torch, *torch_index(torch)])
    pip("[3/3] Dependencies", ["-e", ".[test]" if with_tests else "."])


def check_folder():
    """Room and permission, before anything is begun."""
    try:
        with tempfile.TemporaryFile(dir=str(ROOT)):
            pass
    except OSError as denied:
        raise Impossible(f"{ROOT} cannot be written ({denied.strerror}); use a folder of your own.") from denied
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < DISK_GB and not Path(PYTHON).exists():
        raise Impossible(f"{DISK_GB} GB of disk are needed, {free:.1f} GB are free in {ROOT}; free some.")


def torch_index(torch):
    """Where torch comes from: TORCH_INDEX_URL, or what pip is configured for unless that would bring CUDA."""
    chosen = os.environ.get("TORCH_INDEX_URL")
    if chosen:
        return ["--index-url", chosen]
    options = ["--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-"]
    command = [PYTHON, "-m", "pip", "install", *options, torch]
    look = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    try:
        requires = json.loads(look.stdout.decode("utf-8"))["install"][0]["metadata"].get("requires_dist", [])
    except (ValueError, LookupError):
        return []
    if not any(line.startswith(("nvidia", "cuda")) for line in requires):
        return []
    print(f"      the CPU build, from {TORCH_CPU}; for another one set TORCH_INDEX_URL", flush=True)
    return ["--index-url", TORCH_CPU]


def pip(label, what):
    """Install, with one moving line on a terminal and all that pip says in a log."""
    print(f"{label} …", flush=True)
    moving = sys.stdout.isatty()
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", *what]
    errors = []
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "universal_newlines": True}
    with LOG.open("a") as log, subprocess.Popen(command, **piped) as work:
        for line in work.stdout:
            log.write(line)
            if "ERROR" in line:
                errors.append(line.strip())
            if moving:
                room = shutil.get_terminal_size().columns - 8
                print(f"\r\033[K      {line.strip()[:room]}", end="", flush=True)
    if moving:
        print("\r\033[K", end="", flush=True)
    if work.returncode:
        reason = errors[-1] if errors else f"pip ended with {work.returncode}"
        raise Impossible(f"{label}: {reason}. Is a package index reachable? All that pip said: {LOG}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line: `python -m bot serve | ask | incidents | remedies | silence | alerts | knowledge | doctor | …`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.logs import set_up_logs
from connectors.configuration import BadSettings

if TYPE_CHECKING:
    from bot.settings import Settings

# Everything heavy is imported by the command that needs it: help and mistakes come at once.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The exit code: 0 for success, 1 for a failure that one line explains, 130 after Ctrl-C."""
    given = _parser().parse_args(arguments)
    set_up_logs()
    try:
        result: int = given.run(given)
    except BadSettings as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201  # the terminal is this module's job
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201
        return 130
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Nightshift, an ops assistant that lives in chat."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (default: nightshift.toml)")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_assistant(commands)
    _add_alerts(commands)
    _add_upkeep(commands)
    return parser


def _add_assistant(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="run the assistant: page, widget and API")
    serve.add_argument("--host", help="address to listen at")
    serve.add_argument("--port", type=int, help="port to listen at")
    serve.add_argument("--check", action="store_true", help="only check that settings and port allow it")
    serve.set_defaults(run=_serve)

    ask = commands.add_parser("ask", help="ask a question in the terminal")
    ask.add_argument("question", nargs="?", default="", help="what to ask; with a picture it may be left out")
    ask.add_argument(
        "--image", action="append", default=[], type=Path, metavar="FILE", help="a screenshot to read; can be repeated"
    )
    ask.add_argument("--thread", metavar="ID", help="go on in this conversation")
    ask.add_argument("--query", action="store_true", help="search with the words as they stand, without rewriting them")
    ask.add_argument("--json", action="store_true", help="print the answer's card as JSON and nothing else")
    ask.add_argument("--files", type=Path, metavar="FOLDER", help="put all rows of tables, as CSV, and charts into it")
    ask.set_defaults(run=_ask)

    _add_incidents(commands)
    _add_remedies(commands)

    known = commands.add_parser("knowledge", help="show what is known, as a tree, or the gaps in it")
    known.add_argument("--service", default="", metavar="NAME", help="only this service")
    known.add_argument("--gaps", action="store_true", help="what is missing, stale, doubled or contradictory")
    known.add_argument("--groups", default="", metavar="A,B", help="read as a member of these (default: as everybody)")
    known.add_argument("--language", choices=("en", "zh"), default="en", help="the language of titles and advice")
    known.add_argument("--json", action="store_true", help="print JSON and nothing else")
    known.set_defaults(run=_knowledge)

    evaluate = commands.add_parser("eval", help="measure the assistant on folders of cases")
    evaluate.add_argument("suite")
    evaluate.add_argument("arguments", nargs=argparse.REMAINDER, metavar="DIR …")
    evaluate.set_defaults(run=_evaluate)


def _add_alerts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    silence = commands.add_parser("silence", help="keep alerts quiet for a while, and lift that")
    silence.set_defaults(run=_silence)
    what = silence.add_subparsers(required=True, dest="what", metavar="add | list | lift")
    add = what.add_parser("add", help="keep alerts quiet from now on")
    add.add_argument("matchers", help="which ones: 'service=checkout severity=warning'; * is any letters")
    add.add_argument("--for", dest="lasts", required=True, metavar="TIME", help="how long: 90m, 2h, 1d")
    add.add_argument("--because", default="", metavar="TEXT", help="why, for whoever wonders")
    listed = what.add_parser("list", help="show those that have not ended")
    listed.add_argument("--json", action="store_true", help="print JSON and nothing else")
    what.add_parser("lift", help="end one now").add_argument("id", metavar="ID")

    stop = commands.add_parser("stop", help="stop all remedies: nothing is approved or carried out until `go`")
    stop.add_argument("why", nargs="?", default="", help="why, for whoever wonders")
    stop.set_defaults(run=_switch, what="stop")
    go = commands.add_parser("go", help="let remedies be carried out again")
    go.set_defaults(run=_switch, what="go", why="")

    alerts = commands.add_parser("alerts", help="show calls of monitoring systems that were not taken, and why")
    alerts.add_argument("what", choices=("refused",))
    alerts.add_argument("--limit", type=int, default=50, metavar="N", help="how many, the latest ones (default: 50)")
    alerts.add_argument("--json", action="store_true", help="print JSON and nothing else")
    alerts.set_defaults(run=_alerts)


def _add_incidents(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    incidents = commands.add_parser("incidents", help="list incidents, show, judge or write up one")
    incidents.add_argument(
        "action", nargs="?", choices=("list", "show", "postmortem", "right", "wrong"), default="list"
    )
    incidents.add_argument("id", nargs="?", default="", help="which incident to show, judge or draft a postmortem of")
    incidents.add_argument("--was", default="", metavar="TEXT", help="with wrong: what it was instead")
    incidents.add_argument("--status", choices=("open", "resolved", "merged"), default="", help="list only these")
    incidents.add_argument("--groups", default="", metavar="A,B", help="without a server, read as a member of these")
    incidents.add_argument("--language", choices=("en", "zh"), default="en", help="the language of our own words")
    incidents.add_argument("--json", action="store_true", help="print JSON and nothing else")
    incidents.set_defaults(run=_incidents)


def _add_remedies(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    found = commands.add_parser("remedies", help="list the catalogue of remedies, check it, or try one without effect")
    found.add_argument("action", nargs="?", choices=("list", "check", "rehearse"), default="list")
    found.add_argument("id", nargs="?", default="", help="with rehearse: which remedy's dry run")
    found.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help="with rehearse: its parameters")
    found.add_argument("--language", choices=("en", "zh"), default="en", help="the language of titles and words")
    found.add_argument("--json", action="store_true", help="print JSON and nothing else")
    found.set_defaults(run=_remedies)


def _add_upkeep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    doctor = commands.add_parser("doctor", help="check everything the assistant needs, and say how to mend it")
    doctor.add_argument("only", nargs="*", metavar="CHECK", help="only these, such as disk, tools, slack or feishu")
    doctor.add_argument("--deep", action="store_true", help="also ask the local model, which takes seconds to load")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(run=_doctor)

    settings = commands.add_parser("settings", help="show every setting and where it came from")
    settings.add_argument("--json", action="store_true", help="as JSON")
    settings.add_argument("--example", action="store_true", help="print an example file with every setting explained")
    settings.set_defaults(run=_settings)

    models = commands.add_parser("models", help="list, pull or verify model files")
    models.add_argument("action", choices=("list", "pull", "verify"))
    models.add_argument("names", nargs="*", metavar="NAME", help="only these (default: what the settings need)")
    models.add_argument("--json", action="store_true", help="list as JSON")
    models.set_defaults(run=_models)


def _read(given: argparse.Namespace, overrides: dict[str, object] | None = None) -> "Settings":
    from bot.settings import read_settings

    return read_settings(given.config, overrides)


def _serve(given: argparse.Namespace) -> int:
    web = {key: value for key, value in (("host", given.host), ("port", given.port)) if value is not None}
    settings = _read(given, {"web": web} if web else None)
    from bot.address import own_url, port_problem

    if problem := port_problem(settings.web):
        raise BadSettings(problem)
    if given.check:
        return 0
    print(f"Nightshift opens at {own_url(settings.web)} (Ctrl-C ends it).", flush=True)  # noqa: T201
    import asyncio

    from bot.app import CANNOT_OPEN
    from bot.serving import serve

    try:
        asyncio.run(serve(settings))
    except CANNOT_OPEN as failed:
        raise BadSettings(" ".join(str(failed).split())) from failed
    return 0


def _ask(given: argparse.Namespace) -> int:
    from bot.terminal import Request, ask

    if not given.question.strip() and not given.image:
        print("Type a question, or give a screenshot with --image.", file=sys.stderr)  # noqa: T201
        return 1
    images = tuple(given.image)
    request = Request(
        given.question, given.thread, as_query=given.query, as_json=given.json, images=images, files=given.files
    )
    return ask(_read(given), request)


def _knowledge(given: argparse.Namespace) -> int:
    from bot.knowledge_commands import Request, show

    request = Request(given.service, given.gaps, given.json, _groups(given), given.language)
    now = datetime.now(UTC)  # noqa: TID251  # a command starts here; below, the time is an argument
    return show(_read(given), request, now)


def _silence(given: argparse.Namespace) -> int:
    from bot.alert_commands import add_silence, lift_silence, list_silences

    settings, now = _read(given), datetime.now(UTC)  # noqa: TID251  # a command starts here
    if given.what == "add":
        return add_silence(settings, now, given.matchers, given.lasts, given.because)
    return (
        lift_silence(settings, now, given.id)
        if given.what == "lift"
        else list_silences(settings, now, as_json=given.json)
    )


def _switch(given: argparse.Namespace) -> int:
    from bot.stop_commands import switch

    now = datetime.now(UTC)  # noqa: TID251  # a command starts here
    return switch(_read(given), given.what, given.why, now)


def _alerts(given: argparse.Namespace) -> int:
    from bot.alert_commands import list_refused

    now = datetime.now(UTC)  # noqa: TID251  # a command starts here
    return list_refused(_read(given), now, limit=given.limit, as_json=given.json)


def _incidents(given: argparse.Namespace) -> int:
    from bot.incident_commands import Request, show

    if given.action != "list" and not given.id:
        print("Say which incident: `python -m bot incidents list` has the ids.", file=sys.stderr)  # noqa: T201
        return 1
    now = datetime.now(UTC)  # noqa: TID251  # a command starts here
    asked = (given.action, given.id, given.status, given.json, _groups(given), given.language)
    return show(_read(given), Request(*asked, was=given.was, at=now))


def _remedies(given: argparse.Namespace) -> int:
    from bot.remedy_commands import Request, remedies

    now = datetime.now(UTC)  # noqa: TID251  # a command starts here
    request = Request(given.action, given.id, tuple(given.values), given.language, now, as_json=given.json)
    return remedies(_read(given), request)


def _groups(given: argparse.Namespace) -> tuple[str, ...]:
    return tuple(group.strip() for group in given.groups.split(",") if group.strip())


def _doctor(given: argparse.Namespace) -> int:
    from bot.checks.examination import Examination
    from bot.doctor import examine

    now = datetime.now(UTC)  # noqa: TID251  # a command starts here; below, the time is an argument
    return examine(Examination(_read(given), now, deep=given.deep), given.only, as_json=given.json)


def _settings(given: argparse.Namespace) -> int:
    from bot.setting_commands import print_example, print_settings

    if given.example:
        return print_example()
    return print_settings(_read(given), as_json=given.json)


def _models(given: argparse.Namespace) -> int:
    from bot.model_commands import list_models, pull_models, verify_models
    from bot.model_files import UnknownModel
    from bot.model_pull import PullFailed

    settings = _read(given)
    try:
        if given.action == "list":
            return list_models(settings, as_json=given.json)
        return pull_models(settings, given.names) if given.action == "pull" else verify_models(settings, given.names)
    except (PullFailed, UnknownModel) as failed:
        print(failed, file=sys.stderr)  # noqa: T201
        return 1


def _evaluate(given: argparse.Namespace) -> int:
    from bot.evals.suites import run

    return run(given.suite, given.arguments)


if __name__ == "__main__":
    sys.exit(main())

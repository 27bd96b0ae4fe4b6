"""Programs of others that judge our Slack: the vendor's JavaScript SDK and types, and an emulator of the Web API."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path.home() / ".cache/nightshift/npm/node_modules"
NEEDED = "@slack/web-api@8.2.0 @slack/socket-mode@3.1.0 @slack/types@3.2.0 typescript@7.0.2 emulate@0.12.2 node@24"
MISSING = f"packages of npm are not installed: `npm install --prefix ~/.cache/nightshift/npm {NEEDED}`"
SCRIPT = Path(__file__).with_name("slack_witness.cjs")
ENVIRONMENT = {**os.environ, "NODE_PATH": str(PACKAGES)}  # noqa: TID251  # node needs PATH and HOME


def package(name: str) -> Path:
    """The folder of a package; skips when it is not there."""
    if not (PACKAGES / name).exists():
        pytest.skip(MISSING)
    return PACKAGES / name


def typescript_errors(folder: Path, messages: Sequence[list[dict[str, Any]]], views: Sequence[Any] = ()) -> list[str]:
    """What the vendor's TypeScript types say against these blocks and views; nothing when they fit."""
    compiler, types = package("typescript") / "bin/tsc", package("@slack/types")
    written = ['import type { KnownBlock, View } from "@slack/types";']
    written += [f"export const m{n}: KnownBlock[] = {json.dumps(one)};" for n, one in enumerate(messages)]
    written += [f"export const v{n}: View = {json.dumps(one)};" for n, one in enumerate(views)]
    (folder / "posted.ts").write_text("\n".join(written), "utf-8")
    options = {"strict": True, "noEmit": True, "skipLibCheck": True, "module": "nodenext", "types": [],
               "paths": {"@slack/types": [str(types / "dist/index.d.ts")]}}  # fmt: skip
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["posted.ts"]}), "utf-8")
    node = shutil.which("node") or pytest.skip(MISSING)
    done = subprocess.run(
        [node, str(compiler), "-p", str(folder)], capture_output=True, text=True, timeout=100, check=False
    )
    return [line for line in done.stdout.splitlines() if "error TS" in line]


@asynccontextmanager
async def javascript(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The witness at work; killed when it is not done in time."""
    package("@slack/socket-mode")
    node = shutil.which("node") or pytest.skip(MISSING)
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), *arguments, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def emulator(folder: Path, token: str, scopes: Sequence[str]) -> AsyncIterator[str]:
    """The address of the emulator's Web API, with a workspace of one person (ann) and a channel (general)."""
    node, program = package("node") / "bin/node", package("emulate") / "dist/index.js"
    seed = {
        "slack": {"strict_scopes": True, "team": {"name": "Acme", "domain": "acme"},
                  "users": [{"name": "ann", "real_name": "Ann Lee", "email": "ann@acme.example"}]},
        "tokens": {token: {"login": "ann", "scopes": list(scopes)}},
    }  # fmt: skip
    (folder / "seed.json").write_text(json.dumps(seed), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(node), str(program), "start", "--service", "slack", "--port", str(port), "--seed", "seed.json"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await _open(port)
        yield f"http://127.0.0.1:{port}/api/"
    finally:
        process.kill()
        await process.wait()


async def _open(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return

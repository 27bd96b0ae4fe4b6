"""One folder, many processes: the first owns it, the others reach the owner over a Unix domain socket."""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from connectors.vectors.wire import LARGEST_FRAME, LENGTH

Answer: TypeAlias = Callable[[bytes], bytes]
"""The body of a request to the body of its reply; called in a thread of its own, and raises nothing."""

_LOCK_FILE = "owner.lock"
_SOCKET_FILE = "owner.sock"

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the final zero.
_LONGEST_ADDRESS = 100
_IDLE_SECONDS = 10.0
_WAKE_SECONDS = 0.1


class Claim:
    """The right to own a folder: a lock that the kernel takes back when its process ends, however it ends.

    The lock's file says who owns the folder and under which address it listens.
    """

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is missing. Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._file = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> bool:
        """Whether the folder is ours now."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def owner(self) -> tuple[int, str]:
        """The process id and the socket of whoever took it last; (0, "") when that is not known."""
        try:
            noted = json.loads(os.pread(self._file, 4_096, 0))
            return int(noted["process"]), str(noted["socket"])
        except (ValueError, KeyError, TypeError):
            return 0, ""

    def listen(self, answer: Answer) -> "Counter":
        """Serve the other processes. Only for the owner."""
        self._remove_socket(self.owner()[1])
        address = str(self._folder / _SOCKET_FILE)
        if len(os.fsencode(address)) > _LONGEST_ADDRESS:
            address = str(Path(tempfile.mkdtemp(prefix="nightshift-")) / _SOCKET_FILE)
        counter = Counter(address, answer)
        noted = json.dumps({"process": os.getpid(), "socket": address}).encode()
        os.pwrite(self._file, noted, 0)
        os.ftruncate(self._file, len(noted))
        return counter

    def release(self) -> None:
        """Give the folder up, when it is ours, and close the lock's file."""
        if self.take():
            self._remove_socket(self.owner()[1])
        os.close(self._file)

    def _remove_socket(self, address: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / _SOCKET_FILE).unlink()
        # A long path made its owner listen in a temporary folder, which a killed owner could not remove.
        place = Path(address)
        if place.name == _SOCKET_FILE and place.parent.name.startswith("nightshift-"):
            with contextlib.suppress(OSError):
                place.unlink()
                place.parent.rmdir()


class _Visit(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """One request, one reply. A visitor that breaks off is no concern of ours."""
        counter: Counter = self.server  # type: ignore[assignment] # socketserver types it as its base class
        visitor: socket.socket = self.request
        visitor.settimeout(_IDLE_SECONDS)
        with contextlib.suppress(OSError), visitor.makefile("rwb") as stream:
            length = LENGTH.unpack(stream.read(LENGTH.size).ljust(LENGTH.size, b"\0"))[0]
            if 0 < length <= LARGEST_FRAME and len(body := stream.read(length)) == length:
                reply = counter.answer(body)
                stream.write(LENGTH.pack(len(reply)) + reply)


class Counter(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Where other processes are served. It has threads of its own: a busy event loop keeps nobody waiting."""

    request_queue_size = 128

    def __init__(self, address: str, answer: Answer) -> None:
        """Listening already; only this user can connect."""
        super().__init__(address, _Visit, bind_and_activate=False)
        self.answer = answer
        self.server_bind()
        # Before listen() nobody can connect, so there is no moment at which others could.
        Path(address).chmod(0o600)
        self.server_activate()
        self._thread = threading.Thread(target=self.serve_forever, args=(_WAKE_SECONDS,), name="vectors", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the visits under way and take no more."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class NobodyThere(Exception):
    """No process listens at that address."""


class BrokenOff(Exception):
    """The owner went away before its reply was complete."""


async def ask(address: str, body: bytes) -> bytes:
    """The owner's reply. Raises NobodyThere or BrokenOff; how long to wait is the caller's decision."""
    try:
        reader, writer = await asyncio.open_unix_connection(address)
    except OSError as refused:
        raise NobodyThere(address) from refused
    try:
        writer.write(LENGTH.pack(len(body)) + body)
        await writer.drain()
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        return await reader.readexactly(length)
    except (OSError, asyncio.IncompleteReadError) as broken:
        raise BrokenOff(address) from broken
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

"""Runs the web process and the collector side by side for bin/dev: one terminal, one Ctrl-C, one end.

Not honcho: closing the terminal would leave its processes running, and it cannot tell when the page really answers.
"""

# ruff: noqa: E402
from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below ends us without a traceback

import asyncio
import errno
import http.client
import os
import shutil
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress

from core.config import ROOT, Settings, SettingsError, load_settings

DEMO_DATABASE = "sqlite:///demo.db"
STOP_SECONDS = 8.0
STILL_BUSY_SECONDS = 5.0


class CannotStart(Exception):
    """Said to the user as one line."""


def say(text: str) -> None:
    with suppress(OSError):  # the terminal may be closed already; what runs must still be stopped
        print(text, flush=True)


def main() -> int:
    try:
        settings = load_settings()
        port = usable_port(settings.host, settings.port)
    except (SettingsError, CannotStart) as error:
        print(f"bin/dev: {error}", file=sys.stderr)
        return 2
    demo = not (settings.channel or settings.tiktok_channel)
    environment = {**os.environ, "PORT": str(port)}
    if demo and "database_url" not in settings.model_fields_set:
        environment["DATABASE_URL"] = DEMO_DATABASE
    return asyncio.run(run(settings, port, environment, demo=demo))


def usable_port(host: str, port: int) -> int:
    """``port``, or a free one for 0. Raises CannotStart when the web process could not listen there."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will: waiting remains may stay
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else 5000
            line = f"port {port} is taken: is StreamPulse running already? Another port: PORT={other} bin/dev"
            raise CannotStart(line) from error
        raise CannotStart(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error


async def run(settings: Settings, port: int, environment: dict[str, str], *, demo: bool) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    mode = ["--demo"] if demo else []
    code = await prepare_database(mode, environment, stopping)
    if code or stopping.is_set():
        return code
    processes = {
        "app.py": await start(["app.py"], environment),
        "collector.py": await start(["collector.py", *mode], environment),
    }
    announcement = asyncio.create_task(announce(settings.host, port, demo=demo))
    try:
        return await watch(processes, stopping)
    finally:
        announcement.cancel()
        await stop(processes)


async def start(command: Sequence[str], environment: dict[str, str]) -> Process:
    """In a session of its own: the terminal's Ctrl-C reaches us alone, and we stop all in an orderly way."""
    setpriv = shutil.which("setpriv")  # Linux: nothing stays behind even if we are killed ourselves
    parent_death = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    return await asyncio.create_subprocess_exec(
        *parent_death, sys.executable, "-u", *command, cwd=ROOT, env=environment, start_new_session=True
    )


async def prepare_database(mode: list[str], environment: dict[str, str], stopping: asyncio.Event) -> int:
    """Creates or upgrades the database, and fills the demo's; answers init_db.py's exit code."""
    process = await start(["init_db.py", *mode], environment)
    waiting = [asyncio.create_task(process.wait()), asyncio.create_task(stopping.wait())]
    work, seconds = "writing 30 days of demo history" if mode else "preparing the database", 0.0
    while not (await asyncio.wait(waiting, timeout=STILL_BUSY_SECONDS, return_when=asyncio.FIRST_COMPLETED))[0]:
        seconds += STILL_BUSY_SECONDS
        if not sys.stderr.isatty():  # to a terminal init_db.py tells its progress itself
            say(f"bin/dev: {work} … {seconds:.0f} s")
    if stopping.is_set():
        await stop({"init_db.py": process})
        return 0
    waiting[1].cancel()
    return await process.wait()


async def watch(processes: dict[str, Process], stopping: asyncio.Event) -> int:
    """Returns when somebody asked to stop (0) or a process ended by itself (1)."""
    ends = {name: asyncio.create_task(process.wait()) for name, process in processes.items()}
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait([*ends.values(), asked], return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set():
        say("bin/dev: stopping")
        return 0
    asked.cancel()
    for name, end in ends.items():
        if end.done():
            say(f"bin/dev: {name} {_how(end.result())}. Stopping the rest.")
    return 1


def _how(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended by itself with exit code {code}: its own lines above tell why"


async def stop(processes: dict[str, Process]) -> None:
    """Asks all to end, and ends those that do not."""
    running = {name: process for name, process in processes.items() if process.returncode is None}
    for process in running.values():
        with suppress(ProcessLookupError):
            process.terminate()
    if not running:
        return
    ends = {name: asyncio.create_task(process.wait()) for name, process in running.items()}
    await asyncio.wait(ends.values(), timeout=STOP_SECONDS)
    for name, process in running.items():
        if process.returncode is None:
            say(f"bin/dev: {name} did not stop within {STOP_SECONDS:.0f} s and was killed")
            process.kill()
    await asyncio.wait(ends.values())


async def announce(host: str, port: int, *, demo: bool) -> None:
    """Says where to look once the page really answers."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    while not await asyncio.to_thread(answers, near, port):
        await asyncio.sleep(0.1)
    url = f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
    bold, plain = ("\033[1;36m", "\033[0m") if sys.stdout.isatty() else ("", "")
    about = (
        "This is the demo: every name and message is made up. Your own chat: CHANNEL=yourname bin/dev"
        if demo
        else "The live page fills as people write."
    )
    say(f"\n  StreamPulse is running:  {bold}{url}{plain}\n  {about}\n  Ctrl-C stops it.\n")


def answers(host: str, port: int) -> bool:
    """Whether the web process answers at all; how well it is stands on the page."""
    connection = http.client.HTTPConnection(host, port, timeout=2)  # unlike urllib it asks no proxy
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


if __name__ == "__main__":
    sys.exit(main())

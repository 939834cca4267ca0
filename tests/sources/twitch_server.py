"""A Twitch chat server on loopback that speaks as the real one does, and fails in every way it can.

    with TwitchServer() as server:
        ...  # point TWITCH_IRC_URL at server.irc_url and TWITCH_VALIDATE_URL at server.validate_url
        server.wait_until(lambda: server.has("lena"))
        server.say("lena", "hello")
        server.drop()

It runs in a thread of its own, so that it serves sync and async tests and other processes alike. What is sent goes
out in the order of the calls, to every live session (chat: to those that joined the channel); no call waits for the
client. Faults stand in the same order: what was sent before ``close`` is on its way before the close frame is.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import WSMsgType, web

CAPABILITIES = {"twitch.tv/commands", "twitch.tv/membership", "twitch.tv/tags"}
_CLIENT_LINE = re.compile(r"(?:@(?P<tags>\S+) +)?(?P<command>[A-Z]+)(?: (?P<rest>.*))?")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n"})
_ids = itertools.count(1)


def tagged(tags: dict[str, str], line: str) -> str:
    """``line`` with IRCv3 tags before it, their values escaped."""
    block = ";".join(f"{key}={value.translate(_ESCAPES)}" for key, value in tags.items())
    return f"@{block} {line}" if tags else line


def new_id() -> str:
    """A message id, of the form Twitch gives them."""
    return f"{next(_ids):08x}-15ad-4f00-8000-00805f9b34fb"


def number_of(name: str) -> str:
    """The user id or room id of a name: always the same, as Twitch's are."""
    return str(zlib.crc32(name.encode()))


def _tags(channel: str, login: str, more: dict[str, str]) -> dict[str, str]:
    """The tags Twitch sends with everything a person writes; ``more`` are further ones, ``_`` standing for ``-``."""
    tags = {
        "badge-info": "",
        "badges": "",
        "client-nonce": "459e3142897c7a22b7d275178f2259e0",
        "color": "#0D4200",
        "display-name": login.title(),
        "emotes": "",
        "first-msg": "0",
        "flags": "",
        "id": new_id(),
        "mod": "0",
        "returning-chatter": "0",
        "room-id": number_of(channel),
        "subscriber": "0",
        "tmi-sent-ts": str(time.time_ns() // 1_000_000),
        "turbo": "0",
        "user-id": number_of(login),
        "user-type": "",
    }
    return tags | {key.replace("_", "-"): value for key, value in more.items()}


def privmsg(channel: str, text: str, login: str = "mila", **tags: str) -> str:
    """A chat message."""
    who = f"{login}!{login}@{login}.tmi.twitch.tv"
    return tagged(_tags(channel, login, tags), f":{who} PRIVMSG #{channel} :{text}")


def usernotice(channel: str, msg_id: str, login: str = "mila", text: str = "", **tags: str) -> str:
    """A sub, gift, raid, announcement …; ``msg_param_…`` as Twitch names them, e.g. ``msg_param_viewerCount="5"``."""
    own = {"login": login, "msg-id": msg_id, "system-msg": f"{login} did {msg_id}"}
    line = f":tmi.twitch.tv USERNOTICE #{channel}"
    return tagged(_tags(channel, login, own | tags), f"{line} :{text}" if text else line)


def clearmsg(channel: str, target: str, login: str = "mila", text: str = "gone") -> str:
    """One message deleted, ``target`` being its id."""
    tags = {"login": login, "room-id": "", "target-msg-id": target, "tmi-sent-ts": str(time.time_ns() // 1_000_000)}
    return tagged(tags, f":tmi.twitch.tv CLEARMSG #{channel} :{text}")


def clearchat(channel: str, login: str = "", seconds: int | None = None) -> str:
    """A person timed out (``seconds``), banned (None), or, without a person, the chat wiped."""
    tags = {"room-id": number_of(channel), "tmi-sent-ts": str(time.time_ns() // 1_000_000)}
    if seconds is not None:
        tags = {"ban-duration": str(seconds)} | tags
    if not login:
        return tagged(tags, f":tmi.twitch.tv CLEARCHAT #{channel}")
    return tagged(tags | {"target-user-id": number_of(login)}, f":tmi.twitch.tv CLEARCHAT #{channel} :{login}")


def presence(channel: str, command: str, login: str) -> str:
    """``login`` came (JOIN) or went (PART)."""
    return f":{login}!{login}@{login}.tmi.twitch.tv {command} #{channel}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a client wrote into a chat."""

    channel: str
    text: str
    reply_to: str = ""


@dataclass(eq=False)
class Session:
    """One client's connection; lives in the server's loop."""

    number: int
    request: web.Request
    socket: web.WebSocketResponse
    nick: str = ""
    password: str | None = None
    channels: set[str] = field(default_factory=set)
    capabilities: set[str] = field(default_factory=set)
    outbox: asyncio.Queue[Callable[[], Awaitable[Any]]] = field(default_factory=asyncio.Queue)
    frozen: bool = False

    @property
    def is_anonymous(self) -> bool:
        return re.fullmatch(r"justinfan\d+", self.nick) is not None


class TwitchServer:
    """See the module. The attributes are knobs: set them at any time; they hold for what happens next."""

    def __init__(self, token: str = "", login: str = "pulsebot") -> None:
        self.token, self.login = token, login  # the one account that can log in
        self.unknown: set[str] = set()  # channels whose JOIN is not answered
        self.suspended: set[str] = set()
        self.names: dict[str, list[str]] = {}  # who is in a channel already
        self.join_limit = (20, 10.0)  # JOINs beyond so many in so many seconds are ignored, as Twitch does
        self.refusing = False  # answers the WebSocket handshake with 503
        self.mute = False  # accepts connections and says nothing
        self.login_notice = ""  # this NOTICE answers every login of a bot
        self.frame_size = 0  # cuts everything into frames of so many characters
        self.validate_status = 200
        self.validate_body: str | None = None
        self.validate_redirects = False  # to an address that has no business with the token

        self.lines: list[str] = []  # all that clients sent
        self.said: list[Said] = []
        self.validations: list[str] = []  # the Authorization headers
        self.redirected = 0  # requests that followed the redirect
        self.connections = 0  # sessions so far
        self.sessions: list[Session] = []  # live ones
        self.port = 0

        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="twitch-server", daemon=True)
        self._listening: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None
        self._joins: deque[float] = deque()

    # --- life ---

    def __enter__(self) -> TwitchServer:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def irc_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def validate_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/oauth2/validate"

    async def _start(self) -> None:
        app = web.Application()
        app.add_routes([web.get("/", self._chat), web.get("/oauth2/validate", self._validate)])
        app.add_routes([web.get("/elsewhere", self._elsewhere)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner and self._runner.server
        self._listening = await self._loop.create_server(self._runner.server, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._runner
        await _settle()  # asyncio leaks a connection that is being accepted while the listener closes
        if self._listening:
            self._listening.close()
        for session in list(self.sessions):
            _abort(session)
        await self._runner.cleanup()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()  # type: ignore[union-attr]
        await asyncio.gather(*tasks, return_exceptions=True)  # type: ignore[arg-type]
        await _settle()  # a closed transport lets go of its socket a turn of the loop later

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    # --- watching ---

    def wait_until(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:
        """Waits, without polling, until something the server saw makes ``predicate`` true."""
        with self._changed:
            if not self._changed.wait_for(predicate, timeout):
                raise TimeoutError(f"not seen within {timeout} s; the clients sent {self.lines[-12:]}")

    async def until(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:
        """``wait_until`` for async tests."""
        await asyncio.to_thread(self.wait_until, predicate, timeout)

    def has(self, channel: str) -> bool:
        """Whether a live session has joined ``channel``."""
        return any(channel in session.channels for session in list(self.sessions))

    # --- sending ---

    def send(self, *lines: str) -> None:
        """Raw lines, one frame each, to everybody."""
        self._post(lambda session: lambda: self._write_all(session, lines))

    def send_frame(self, text: str) -> None:
        """One frame (cut up if ``frame_size`` says so), whatever is in it."""
        self._post(lambda session: lambda: self._write(session, text))

    def send_binary(self, content: bytes) -> None:
        self._post(lambda session: lambda: session.socket.send_bytes(content))

    def say(self, channel: str, text: str, login: str = "mila", **tags: str) -> str:
        """A chat message to those in ``channel``; returns its id."""
        line = privmsg(channel, text, login, **tags)
        self._post(lambda session: lambda: self._write(session, line + "\r\n"), channel)
        return re.search(r"[@;]id=([^; ]*)", line)[1]  # type: ignore[index]

    def ping(self) -> None:
        self.send("PING :tmi.twitch.tv")

    def flush(self, timeout: float = 10.0) -> None:
        """Returns when all that was to be sent has been handed to the sockets."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._drained(done)))
        if not done.wait(timeout):
            raise TimeoutError(f"not sent within {timeout} s")

    # --- failing ---

    def reconnect(self) -> None:
        """Asks clients to leave, as before maintenance; the server goes on talking until they do."""
        self.send(":tmi.twitch.tv RECONNECT")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """A close frame."""
        self._post(lambda session: lambda: session.socket.close(code=code, message=reason.encode()))

    def drop(self, *, reset: bool = False) -> None:
        """The TCP connection ends without a close frame; with ``reset`` by RST, and what is unread is lost."""
        self._post(lambda session: lambda: _drop(session, reset))

    def freeze(self) -> None:
        """A dead peer: the socket stays open, nothing is read, answered or sent any more."""
        self._post(lambda session: lambda: _freeze(session))

    def stop_listening(self) -> None:
        """New connections are refused by TCP; the present ones stay."""
        self._call(self._close_listener())

    def resume_listening(self) -> None:
        """At the same port as before."""
        self._call(self._listen())

    async def _close_listener(self) -> None:
        await _settle()
        if self._listening:
            self._listening.close()

    # --- inside ---

    def _post(self, action: Callable[[Session], Callable[[], Awaitable[Any]]], channel: str = "") -> None:
        self._loop.call_soon_threadsafe(self._enqueue, action, channel)

    def _enqueue(self, action: Callable[[Session], Callable[[], Awaitable[Any]]], channel: str) -> None:
        for session in self.sessions:
            if not channel or channel in session.channels:
                session.outbox.put_nowait(action(session))

    async def _drained(self, done: threading.Event) -> None:
        for session in list(self.sessions):
            if not session.frozen:
                await session.outbox.join()
        done.set()

    async def _write_all(self, session: Session, lines: Sequence[str]) -> None:
        for line in lines:
            await self._write(session, line + "\r\n")

    async def _write(self, session: Session, text: str) -> None:
        if session.frozen or session.socket.closed:
            return
        size = self.frame_size or len(text) or 1
        for start in range(0, len(text), size):
            await session.socket.send_str(text[start : start + size])

    async def _pump(self, session: Session) -> None:
        """Sends in order; a peer that is gone takes the rest with it."""
        while True:
            action = await session.outbox.get()
            try:
                await action()
            except (OSError, RuntimeError):
                _abort(session)
            finally:
                session.outbox.task_done()

    def _answer(self, session: Session, *lines: str) -> None:
        text = "".join(line + "\r\n" for line in lines)
        session.outbox.put_nowait(lambda: self._write(session, text))

    async def _validate(self, request: web.Request) -> web.Response:
        header = request.headers.get("Authorization", "")
        self._note(lambda: self.validations.append(header))
        if self.validate_redirects:
            raise web.HTTPFound("/elsewhere")
        if self.validate_body is not None or self.validate_status != 200:
            return web.Response(status=self.validate_status, text=self.validate_body or "")
        if not self.token or header != f"OAuth {self.token}":
            return web.json_response({"status": 401, "message": "invalid access token"}, status=401)
        answer = {
            "client_id": "wbmytr93xzw8zbg0p1izqyzzc5mbiz",
            "login": self.login,
            "scopes": ["chat:read", "chat:edit"],
            "user_id": number_of(self.login),
            "expires_in": 5_520_838,
        }
        return web.json_response(answer)

    async def _elsewhere(self, request: web.Request) -> web.Response:
        self._note(lambda: setattr(self, "redirected", self.redirected + 1))
        return web.json_response({"login": self.login})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.Response(status=503, text="Service Unavailable")
        ws = web.WebSocketResponse(timeout=1.0)
        await ws.prepare(request)
        session = Session(self.connections + 1, request, ws)
        self._note(lambda: self._add(session))
        pump = asyncio.create_task(self._pump(session))
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    for line in filter(None, message.data.split("\r\n")):
                        self._heard(session, line)
        finally:
            pump.cancel()
            self._note(lambda: self.sessions.remove(session))
        return ws

    def _add(self, session: Session) -> None:
        self.connections += 1
        self.sessions.append(session)

    def _note(self, change: Callable[[], Any]) -> None:
        """Makes a change that somebody may be waiting for."""
        with self._changed:
            change()
            self._changed.notify_all()

    def _heard(self, session: Session, line: str) -> None:
        match = _CLIENT_LINE.fullmatch(line)
        command, rest = (match["command"], match["rest"] or "") if match else ("", "")
        if not self.mute:
            if command == "CAP":
                self._capability(session, rest)
            elif command == "PASS":
                session.password = rest
            elif command == "NICK":
                session.nick = rest.lower()
                self._welcome(session)
            elif command == "JOIN":
                for channel in rest.split(","):
                    self._join(session, channel.removeprefix("#").lower())
            elif command == "PART":
                session.channels.discard(rest.removeprefix("#"))
                self._answer(session, presence(rest.removeprefix("#"), "PART", session.nick))
            elif command == "PING":
                self._answer(session, f":tmi.twitch.tv PONG tmi.twitch.tv {rest}")
            elif command == "PRIVMSG" and not session.is_anonymous:
                self._privmsg(match["tags"] or "" if match else "", rest)
            elif command not in ("PONG", "PRIVMSG"):
                self._answer(session, f":tmi.twitch.tv 421 {session.nick or 'you'} {command} :Unknown command")
        self._note(lambda: self.lines.append(line))

    def _capability(self, session: Session, rest: str) -> None:
        wanted = rest.removeprefix("REQ :").split()
        if set(wanted) <= CAPABILITIES:
            session.capabilities |= set(wanted)
            self._answer(session, f":tmi.twitch.tv CAP * ACK :{' '.join(wanted)}")
        else:
            self._answer(session, f":tmi.twitch.tv CAP * NAK :{' '.join(wanted)}")

    def _welcome(self, session: Session) -> None:
        nick = session.nick
        if not session.is_anonymous:
            password = session.password or ""
            if not password.startswith("oauth:"):
                return self._answer(session, ":tmi.twitch.tv NOTICE * :Improperly formatted auth")
            if self.login_notice or password != f"oauth:{self.token}" or nick != self.login:
                text = self.login_notice or "Login authentication failed"
                return self._answer(session, f":tmi.twitch.tv NOTICE * :{text}")
        self._answer(
            session,
            f":tmi.twitch.tv 001 {nick} :Welcome, GLHF!",
            f":tmi.twitch.tv 002 {nick} :Your host is tmi.twitch.tv",
            f":tmi.twitch.tv 003 {nick} :This server is rather new",
            f":tmi.twitch.tv 004 {nick} :-",
            f":tmi.twitch.tv 375 {nick} :-",
            f":tmi.twitch.tv 372 {nick} :You are in a maze of twisty passages, all alike.",
            f":tmi.twitch.tv 376 {nick} :>",
        )
        if not session.is_anonymous:
            tags = {"badge-info": "", "badges": "", "color": "", "display-name": nick, "emote-sets": "0"}
            self._answer(session, tagged(tags | {"user-id": number_of(nick)}, ":tmi.twitch.tv GLOBALUSERSTATE"))
        return None

    def _join(self, session: Session, channel: str) -> None:
        if channel in self.unknown or not self._may_join():
            return
        if channel in self.suspended:
            text = "This channel does not exist or has been suspended."
            self._answer(
                session, tagged({"msg-id": "msg_channel_suspended"}, f":tmi.twitch.tv NOTICE #{channel} :{text}")
            )
            return
        session.channels.add(channel)
        nick, here = session.nick, f"{session.nick}.tmi.twitch.tv"
        state = {"emote-only": "0", "followers-only": "-1", "r9k": "0", "room-id": number_of(channel), "slow": "0"}
        lines = [presence(channel, "JOIN", nick)]
        if not session.is_anonymous:
            tags = {"badge-info": "", "badges": "", "color": "", "display-name": nick, "emote-sets": "0", "mod": "0"}
            lines.append(tagged(tags, f":tmi.twitch.tv USERSTATE #{channel}"))
        lines.append(tagged(state | {"subs-only": "0"}, f":tmi.twitch.tv ROOMSTATE #{channel}"))
        names = _in_chunks([*self.names.get(channel, ()), nick], 40)
        lines += [f":{here} 353 {nick} = #{channel} :{' '.join(some)}" for some in names]
        self._answer(session, *lines, f":{here} 366 {nick} #{channel} :End of /NAMES list")

    def _may_join(self) -> bool:
        count, seconds = self.join_limit
        now = time.monotonic()
        while self._joins and self._joins[0] <= now - seconds:
            self._joins.popleft()
        self._joins.append(now)
        return len(self._joins) <= count

    def _privmsg(self, tags: str, rest: str) -> None:
        target, _, text = rest.partition(" :")
        parent = re.search(r"reply-parent-msg-id=([^; ]*)", tags)
        self.said.append(Said(target.removeprefix("#"), text, parent[1] if parent else ""))


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _in_chunks(names: list[str], size: int) -> Iterable[list[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


def _abort(session: Session) -> None:
    if session.request.transport:
        session.request.transport.abort()


async def _drop(session: Session, reset: bool) -> None:
    transport = session.request.transport
    if reset and transport:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _abort(session)


async def _freeze(session: Session) -> None:
    session.frozen = True
    if session.request.transport:
        session.request.transport.pause_reading()  # type: ignore[attr-defined]

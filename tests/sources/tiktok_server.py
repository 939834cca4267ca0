"""TikTok and its sign server on loopback: they speak as the real ones do, and fail in every way they can.

    with TikTokServer() as server:
        server.go_live("lena")
        ...  # point TIKTOK_APP_URL, TIKTOK_WEBCAST_URL and TIKTOK_SIGN_URL at server.app_url, .webcast_url, .sign_url
        server.wait_until(lambda: server.has("lena"))
        server.send("lena", comment("hello", "mila"))
        server.drop()

It runs in a thread of its own, so that it serves sync and async tests and other processes alike. What is sent goes
out in the order of the calls, gzipped where the client asked for that, and is kept as the history that the next
connection is told first, as TikTok does. Messages are built with the library's own protobuf classes.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace, TracebackType
from typing import Any

from aiohttp import WSMsgType, web

from sources.tiktok_library import library

_numbers = itertools.count(1)
HISTORY = 50


@cache
def proto() -> SimpleNamespace:
    """The library's protobuf classes; importing them takes seconds, so only tests that need them do."""
    library()
    import TikTokLive.proto
    from TikTokLiveProto.v3.webcast.model.message import common

    return SimpleNamespace(**vars(TikTokLive.proto), Text=common.Text)


def new_id(at_ms: int | None = None) -> int:
    """A message or room id: like all of TikTok's it begins with its second."""
    second = (at_ms or time.time_ns() // 1_000_000) // 1000
    return (second << 32) + next(_numbers)


def number_of(login: str) -> int:
    """The user id of a name: always the same, and too long for a float."""
    return 7_000_000_000_000_000_000 + zlib.crc32(login.encode())


def user(login: str, **more: Any) -> Any:
    fields = {"id": number_of(login), "display_id": login, "nickname": login.title()}
    return proto().User(**(fields | more))


@dataclass(slots=True)
class Message:
    """One message as it goes into a response."""

    method: str
    payload: bytes
    msg_id: int


def message(
    method: str, *, msg_id: int | None = None, create_time: int | None = None, key: str = "", **fields: Any
) -> Message:
    """Any message of the library's, by its wire name; ``key`` is the display text that tells follows from shares."""
    p = proto()
    msg_id = new_id() if msg_id is None else msg_id
    create_time = time.time_ns() // 1_000_000 if create_time is None else create_time
    text = p.Text(key=key) if key else None
    head = p.CommonMessageData(method=method, msg_id=msg_id, create_time=create_time, display_text=text)
    return Message(method, _built(getattr(p, method), fields | {"common": head}), msg_id)


def _built(_schema: Any, _fields: dict[str, Any]) -> bytes:
    """Pydantic resolves names like ``common.Text`` among the local variables of whoever builds the first one."""
    return bytes(_schema(**_fields))


def comment(content: str, login: str = "mila", **fields: Any) -> Message:
    return message("WebcastChatMessage", content=content, **({"user": user(login)} | fields))


def like(count: int, login: str = "mila", **fields: Any) -> Message:
    return message("WebcastLikeMessage", count=count, total=count, **({"user": user(login)} | fields))


def follow(login: str = "mila", **fields: Any) -> Message:
    key = "pm_main_follow_message_viewer_2"
    return message("WebcastSocialMessage", key=key, action=1, **({"user": user(login)} | fields))


def share(login: str = "mila", **fields: Any) -> Message:
    key = "pm_mt_guidance_share"
    return message("WebcastSocialMessage", key=key, action=3, **({"user": user(login)} | fields))


def join(login: str = "mila", action: int = 1, **fields: Any) -> Message:
    return message("WebcastMemberMessage", action=action, **({"user": user(login)} | fields))


def subscribe(login: str = "mila", months: int = 1, **fields: Any) -> Message:
    return message("WebcastSubNotifyMessage", sub_month=months, **({"user": user(login)} | fields))


def viewers(total: int, **fields: Any) -> Message:
    return message("WebcastRoomUserSeqMessage", total=total, total_user=total * 3, **fields)


def control(action: int, **fields: Any) -> Message:
    """1 paused, 2 goes on, 3 ended, 4 suspended."""
    return message("WebcastControlMessage", action=action, **fields)


def gift(
    count: int = 1,
    login: str = "mila",
    *,
    gift_id: int = 5655,
    name: str = "Rose",
    diamonds: int = 1,
    kind: int = 1,
    group: int = 0,
    end: bool = False,
    bare: bool = False,
    **fields: Any,
) -> Message:
    """One tick; ``bare`` names the gift by its id only."""
    p = proto()
    struct_ = None if bare else p.Gift(id=gift_id, name=name, diamond_count=diamonds, type=kind)
    more = {"gift_id": gift_id, "gift": struct_, "repeat_count": count, "repeat_end": int(end), "group_id": group}
    return message("WebcastGiftMessage", **({"user": user(login)} | more | fields))


@dataclass(eq=False)
class Session:
    """One client's connection; lives in the server's loop."""

    channel: str
    request: web.Request
    socket: web.WebSocketResponse
    gzipped: bool
    outbox: asyncio.Queue[Callable[[], Awaitable[Any]]] = field(default_factory=asyncio.Queue)
    frozen: bool = False


class TikTokServer:
    """See the module. The attributes are knobs: set them at any time; they hold for what happens next."""

    def __init__(self) -> None:
        self.rooms: dict[str, int] = {}  # who is live, and where
        self.known: set[str] = set()  # who has ever been live
        self.history: dict[int, list[Message]] = {}  # by room
        self.gifts: list[dict[str, Any]] = []
        self.html_status = 200  # of the page of a channel
        self.html: str | None = None
        self.api_body: str | None = None
        self.alive_body: str | None = None
        self.gift_list_status = 200
        self.gift_list_hangs = False
        self.sign_status = 200
        self.sign_headers: dict[str, str] = {}
        self.sign_body: bytes | None = None
        self.sign_hangs = False
        self.page_hangs = False
        self.cursor = "t-1_r-1"
        self.refuse_socket = 0  # answers the WebSocket handshake with this status
        self.socket_hangs = False

        self.requests: list[tuple[str, dict[str, str]]] = []  # paths and headers
        self.acks: list[int] = []  # the log ids acknowledged
        self.frames: list[str] = []  # payload types that clients sent
        self.connections = 0
        self.sessions: list[Session] = []  # live ones
        self.port = 0

        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tiktok-server", daemon=True)
        self._runner: web.AppRunner | None = None

    # --- life ---

    def __enter__(self) -> TikTokServer:
        proto()
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def app_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webcast_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webcast"

    @property
    def sign_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sign"

    async def _start(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/@{name}/live", self._page),
                web.get("/api-live/user/room/", self._room),
                web.get("/webcast/room/check_alive/", self._check_alive),
                web.get("/webcast/gift/list/", self._gift_list),
                web.get("/sign/webcast/fetch", self._sign),
                web.get("/ws/{channel}", self._socket),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def _stop(self) -> None:
        assert self._runner
        await _settle()  # asyncio leaks a connection that is being accepted while the listener closes
        for session in list(self.sessions):
            _abort(session)
        await self._runner.cleanup()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()  # type: ignore[union-attr]
        await asyncio.gather(*tasks, return_exceptions=True)  # type: ignore[arg-type]
        await _settle()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    # --- watching ---

    def wait_until(self, predicate: Callable[[], object], timeout: float = 20.0) -> None:
        """Waits, without polling, until something the server saw makes ``predicate`` true."""
        with self._changed:
            if not self._changed.wait_for(predicate, timeout):
                raise TimeoutError(
                    f"not seen within {timeout} s; asked for: {[path for path, _ in self.requests[-9:]]}"
                )

    async def until(self, predicate: Callable[[], object], timeout: float = 20.0) -> None:
        """``wait_until`` for async tests."""
        await asyncio.to_thread(self.wait_until, predicate, timeout)

    def has(self, channel: str) -> bool:
        """Whether a live session reads ``channel``."""
        return any(session.channel == channel for session in list(self.sessions))

    def asked(self, part: str) -> int:
        """How many requests there were whose path holds ``part``."""
        return sum(part in path for path, _ in list(self.requests))

    # --- being TikTok ---

    def go_live(self, channel: str, room: int | None = None) -> int:
        """Begins a stream, in a new room; answers the room's id."""
        room = room or new_id()
        self.rooms[channel] = room
        self.known.add(channel)
        self.history[room] = []
        return room

    def send(self, channel: str, *messages: Message, remember: bool = True) -> None:
        """One response with all ``messages``, to everybody in the room."""
        if remember and (room := self.rooms.get(channel)):
            self.history[room] = [*self.history[room], *messages][-HISTORY:]
        self._post(lambda session: lambda: self._write(session, *messages), channel)

    def send_frame(self, channel: str, content: bytes | str) -> None:
        """One frame, whatever is in it."""
        self._post(lambda session: lambda: _send_raw(session, content), channel)

    def end(self, channel: str, action: int = 3, **fields: Any) -> Message:
        """The stream ends, and TikTok says so."""
        told = control(action, **fields)
        self.rooms.pop(channel, None)
        self._post(lambda session: lambda: self._write(session, told), channel)
        return told

    def vanish(self, channel: str) -> None:
        """The stream ends, and nobody says so."""
        self.rooms.pop(channel, None)

    # --- failing ---

    def close(self, code: int = 1000) -> None:
        """A close frame."""
        self._post(lambda session: lambda: session.socket.close(code=code))

    def drop(self, *, reset: bool = False) -> None:
        """The TCP connection ends without a close frame; with ``reset`` by RST."""
        self._post(lambda session: lambda: _drop(session, reset))

    def freeze(self) -> None:
        """A dead peer: the socket stays open, nothing is read, answered or sent any more."""
        self._post(lambda session: lambda: _freeze(session))

    # --- inside ---

    def _post(self, action: Callable[[Session], Callable[[], Awaitable[Any]]], channel: str = "") -> None:
        self._loop.call_soon_threadsafe(self._enqueue, action, channel)

    def _enqueue(self, action: Callable[[Session], Callable[[], Awaitable[Any]]], channel: str) -> None:
        for session in self.sessions:
            if not channel or session.channel == channel:
                session.outbox.put_nowait(action(session))

    def _note(self, change: Callable[[], Any]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def _seen(self, request: web.Request) -> None:
        self._note(lambda: self.requests.append((request.path_qs, dict(request.headers))))

    async def _page(self, request: web.Request) -> web.Response:
        self._seen(request)
        if self.page_hangs:
            await asyncio.Event().wait()
        if self.html is not None or self.html_status != 200:
            return web.Response(
                status=self.html_status, text=self.html or "<html>captcha</html>", content_type="text/html"
            )
        name = request.match_info["name"]
        state: dict[str, Any] = {}
        if name in self.known:
            room = self.rooms.get(name)
            who = {"uniqueId": name, "roomId": str(room or 1), "status": 2 if room else 4}
            state = {"LiveRoom": {"liveRoomUserInfo": {"user": who}}}
        page = f'<html><script id="SIGI_STATE" type="application/json">{json.dumps(state)}</script></html>'
        return web.Response(text=page, content_type="text/html")

    async def _room(self, request: web.Request) -> web.Response:
        self._seen(request)
        if self.api_body is not None:
            return web.Response(text=self.api_body, content_type="text/html")
        name = request.query.get("uniqueId", "")
        if name not in self.known:
            return web.json_response({"message": "user_not_found", "data": {}})
        return web.json_response({"message": "", "data": {"user": {"roomId": str(self.rooms.get(name) or 1)}}})

    async def _check_alive(self, request: web.Request) -> web.Response:
        self._seen(request)
        if self.alive_body is not None:
            return web.Response(text=self.alive_body)
        alive = int(request.query["room_ids"]) in self.rooms.values()
        return web.json_response({"data": [{"alive": alive, "room_id": int(request.query["room_ids"])}]})

    async def _gift_list(self, request: web.Request) -> web.Response:
        self._seen(request)
        if self.gift_list_hangs:
            await asyncio.Event().wait()
        return web.json_response({"data": {"gifts": self.gifts}}, status=self.gift_list_status)

    async def _sign(self, request: web.Request) -> web.Response:
        self._seen(request)
        if self.sign_hangs:
            await asyncio.Event().wait()
        if self.sign_status != 200 or self.sign_body is not None:
            return web.Response(status=self.sign_status, headers=self.sign_headers, body=self.sign_body or b"{}")
        room = int(request.query["room_id"])
        channel = next((name for name, number in self.rooms.items() if number == room), "")
        body = proto().ProtoMessageFetchResult(
            messages=_wrapped(self.history.get(room, ())),
            cursor=self.cursor,
            is_first=True,
            route_params={"room_id": str(room), "imprp": "a b(c)"},
            push_server=f"ws://127.0.0.1:{self.port}/ws/{channel}",
        )
        return web.Response(body=bytes(body), headers={"X-Set-TT-Cookie": "ttwid=1|x; Path=/"} | self.sign_headers)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._seen(request)
        if self.refuse_socket:
            return web.Response(status=self.refuse_socket, headers={"Handshake-Msg": "illegal secret key"})
        if self.socket_hangs:
            await asyncio.Event().wait()
        answer = web.WebSocketResponse(protocols=["echo-protocol"], autoping=True, timeout=0.3)
        answer.headers["Handshake-Options"] = "ping-interval=0.2"
        await answer.prepare(request)
        session = Session(request.match_info["channel"], request, answer, request.query.get("compress") == "gzip")
        pump = asyncio.create_task(self._pump(session))
        self._note(lambda: self._came(session))
        try:
            async for frame in answer:
                if frame.type is WSMsgType.BINARY and not session.frozen:
                    self._hear(frame.data)
                while session.frozen:
                    await asyncio.sleep(3600)
        finally:
            pump.cancel()
            self._note(lambda: self.sessions.remove(session))
        return answer

    def _came(self, session: Session) -> None:
        self.sessions.append(session)
        self.connections += 1

    def _hear(self, content: bytes) -> None:
        frame = proto().WebcastPushFrame.parse(content)
        self._note(lambda: self.frames.append(frame.payload_type))
        if frame.payload_type == "ack":
            self._note(lambda: self.acks.append(frame.log_id))

    async def _pump(self, session: Session) -> None:
        """Sends in order; a peer that is gone takes the rest with it."""
        while True:
            action = await session.outbox.get()
            try:
                await action()
            except (OSError, RuntimeError):
                _abort(session)

    async def _write(self, session: Session, *messages: Message) -> None:
        p = proto()
        content = bytes(p.ProtoMessageFetchResult(messages=_wrapped(messages), need_ack=True, internal_ext="ext"))
        headers = []
        if session.gzipped:
            content, headers = gzip.compress(content), [p.PushHeader(key="compress_type", value="gzip")]
        frame = p.WebcastPushFrame(payload_type="msg", log_id=next(_numbers), headers=headers, payload=content)
        await _send_raw(session, bytes(frame))


def _wrapped(messages: Any) -> list[Any]:
    wrap = proto().ProtoMessageFetchResultBaseProtoMessage
    return [wrap(method=m.method, payload=m.payload, msg_id=m.msg_id) for m in messages]


async def _send_raw(session: Session, content: bytes | str) -> None:
    if session.frozen or session.socket.closed:
        return
    await (session.socket.send_str(content) if isinstance(content, str) else session.socket.send_bytes(content))


async def _drop(session: Session, reset: bool) -> None:
    transport = session.request.transport
    if reset and transport:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    _abort(session)


async def _freeze(session: Session) -> None:
    session.frozen = True
    if session.request.transport:
        session.request.transport.pause_reading()  # type: ignore[attr-defined]


def _abort(session: Session) -> None:
    if session.request.transport:
        session.request.transport.abort()


async def _settle() -> None:
    """A few turns of the loop, in which asyncio finishes what it began."""
    for _ in range(5):
        await asyncio.sleep(0)

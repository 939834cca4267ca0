"""The one door to TikTokLive: imports it late (AGPL, a second, 63 MB), tames it, and hides how it is built."""

from __future__ import annotations

import importlib
import logging
import ssl
import warnings
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from gzip import BadGzipFile
from typing import Any

from sources.protobuf import Reader
from sources.tiktok_events import WANTED

_TALKATIVE = ("httpx", "httpcore")  # at INFO they print whole addresses
_FRAMES = (
    "WebcastPushFrame",
    "ProtoMessageFetchResult",
    "ProtoMessageFetchResultBaseProtoMessage",
    "HeartBeatMessage",
    "WebcastImEnterRoomMessage",
)
_WEB_TIMEOUT_SECONDS = 15.0
_MAX_FRAME_BYTES = 16 * 1024 * 1024  # websockets' own limit of 1 MB closes the connection

OnResponse = Callable[[Any], None]
OnSigned = Callable[[Any], Awaitable[None]]


class Unsuitable(Exception):
    """TikTokLive is missing, or is built differently from what this was written for."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where TikTok and the sign server are; "" is the library's own."""

    app_url: str = ""
    webcast_url: str = ""
    sign_url: str = ""


class Library:
    """TikTokLive, imported and warmed up. Making one blocks for about two seconds: do it in a thread."""

    def __init__(self) -> None:
        try:
            self._import()
        except (ImportError, AttributeError, KeyError, TypeError) as error:
            raise Unsuitable(f"the package TikTokLive 7 cannot be used: {error}") from error

    def _import(self) -> None:
        _silence_import()
        client = importlib.import_module("TikTokLive.client.client")
        connect: Any = importlib.import_module("TikTokLive.client.ws.ws_connect")
        connect.extract_webcast_response_message = _bounded(connect.extract_webcast_response_message)
        self._settings = importlib.import_module("TikTokLive.client.web.web_settings").WebDefaults
        self._own = Addresses(
            self._settings.tiktok_app_url, self._settings.tiktok_webcast_url, self._settings.tiktok_sign_url
        )
        self.errors = importlib.import_module("TikTokLive.client.errors")
        self.httpx = importlib.import_module("httpx")
        proto = importlib.import_module("TikTokLive.proto")
        # The library's own parsing of whole messages costs ten times as much, and gives odd things where types differ.
        self.messages = {method: Reader(getattr(proto, method), wanted) for method, wanted in WANTED.items()}
        self._client_class = _listening(client.TikTokLiveClient)
        self._tls: ssl.SSLContext = self.httpx.create_ssl_context()
        self._tame_logger()
        for name in _FRAMES:
            warm_up(getattr(proto, name))

    def client(self, channel: str, addresses: Addresses, key: str, on_response: OnResponse, on_signed: OnSigned) -> Any:
        """A client for one connection. ``on_signed`` gets the sign server's answers, good or bad."""
        self._point_at(addresses)
        client = self._client_class(
            unique_id=channel,
            web_kwargs={
                "signer_kwargs": {"sign_api_key": key or None, "sign_api_base": addresses.sign_url or None},
                "httpx_kwargs": {"verify": self._tls, "timeout": _WEB_TIMEOUT_SECONDS},
            },
            ws_kwargs={"max_size": _MAX_FRAME_BYTES, "close_timeout": 1},
        )
        client.on_response = on_response
        self._mend_signer(client.web.signer.sdk_client, on_signed)
        logging.getLogger("TikTokLive").setLevel(logging.WARNING)  # each construction sets it anew
        return client

    def _mend_signer(self, sdk: Any, on_signed: OnSigned) -> None:
        """As it ships it verifies no certificate, although it is sent the key, and waits for ever."""
        sdk._verify_ssl = self._tls
        sdk._timeout = self.httpx.Timeout(_WEB_TIMEOUT_SECONDS)
        sdk._httpx_args["event_hooks"] = {"response": [on_signed]}

    def _point_at(self, addresses: Addresses) -> None:
        """The addresses are globals, read at each request: one set of them a process."""
        self._settings.tiktok_app_url = addresses.app_url.rstrip("/") or self._own.app_url
        self._settings.tiktok_webcast_url = addresses.webcast_url.rstrip("/") or self._own.webcast_url
        self._settings.tiktok_sign_url = addresses.sign_url.rstrip("/") or self._own.sign_url

    def _tame_logger(self) -> None:
        """What it logs goes where everything goes, and is not printed beside it."""
        logger = logging.getLogger("TikTokLive")
        logger.handlers.clear()
        logger.propagate = True
        for name in _TALKATIVE:
            if logging.getLogger(name).level < logging.WARNING:
                logging.getLogger(name).setLevel(logging.WARNING)


@cache
def library() -> Library:
    """The one of this process: its settings are globals of the package. Raises ``Unsuitable``."""
    return Library()


def _silence_import() -> None:
    """It warns about parts of its own that it uses; whoever reads this product's log cannot help it."""
    for start in ("websockets.legacy is deprecated", r"websockets\.\S+ is deprecated"):
        warnings.filterwarnings("ignore", start, DeprecationWarning)
    for module in ("TikTokLive", "EulerApiSdk", "betterproto2", "websockets", "pyee"):
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=module)


def _listening(base: Any) -> Any:
    """The library's client, handing over whole responses.

    Its own way from there parses every type of message, most of which nobody here listens to, some of them twice,
    logs a traceback for each broken one, and lets a listener that raises end the connection.
    """
    if not hasattr(base, "_parse_webcast_response"):
        raise AttributeError("its client has no _parse_webcast_response")

    class ListeningClient(base):
        on_response: OnResponse

        async def _parse_webcast_response(self, webcast_response: Any) -> Any:
            self.on_response(webcast_response)
            return
            yield  # makes this the generator it stands for: of no events

    return ListeningClient


def _bounded(extract: Callable[..., Any]) -> Callable[..., Any]:
    """The library's reading of a frame, which by itself unpacks a frame of megabytes into as many gigabytes."""

    def extract_bounded(frame: Any, *arguments: Any, **options: Any) -> Any:
        packed = [header for header in frame.headers if header.key == "compress_type" and header.value == "gzip"]
        if packed:
            frame.payload = unpacked(frame.payload)
            frame.headers = [header for header in frame.headers if header not in packed]
        return extract(frame, *arguments, **options)

    return extract_bounded


def unpacked(content: bytes, most: int = _MAX_FRAME_BYTES) -> bytes:
    """What is gzipped in ``content``. Raises ``BadGzipFile``, also when it is cut off or more than ``most`` bytes."""
    found = b""
    while content:
        part = zlib.decompressobj(wbits=31)  # gzip
        try:
            found += part.decompress(content, most + 1 - len(found))
        except zlib.error as error:
            raise BadGzipFile(str(error)) from error
        if len(found) > most:
            raise BadGzipFile(f"more than {most:,} bytes")
        if not part.eof:
            raise BadGzipFile("cut off")
        content = part.unused_data
    return found


def warm_up(_schema: Any) -> None:
    """Writes and parses an empty one: the first time takes a tenth of a second, which no live stream should wait.

    Pydantic resolves the names in a schema among the local variables of whoever builds the first one, hence the odd
    name here; within the library's own ``parse(data)`` it fails for some, as ``data`` is a module of theirs.
    """
    _schema.parse(bytes(_schema()))

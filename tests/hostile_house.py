"""Fills a dashboard with the hostile corpus through everything that takes text, and keeps what became of each."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from zlib import crc32

import httpx

from core.clock import now_ms
from core.events import Event, Kind, Person, Platform
from rules.library_fields import Field
from rules.library_kinds import KINDS
from rules.library_values import Email, Reference, Text
from tests.hostile import AVATARS, HALVES, one_line
from tests.web.conftest import SALES_SECRET, Stage
from tests.web.test_sales import signed

CHANNEL = "corpus"
VIEWERS = "/api/viewer-profiles"
SHORT = 30  # what the shortest field takes
RUDE = 500  # a status from here on is a mistake of ours


def body_of(told: Any) -> bytes:
    """As JSON in ASCII: so halves of pairs of surrogates can be told as well."""
    return json.dumps(told).encode()


class House:
    """``texts`` by their names. ``taken``: by place, the names of those that were; ``faults``: what must not be.

    What platforms tell, notes, titles and the shop get all of them; other places ``one_in`` so many, each place others.
    """

    def __init__(self, stage: Stage, texts: Mapping[str, str], *, one_in: int = 1) -> None:
        self.stage, self.texts, self._one_in = stage, texts, one_in
        self.client = stage.client(headers={"Content-Type": "application/json"})
        self.taken: dict[str, set[str]] = defaultdict(set)
        self.faults: list[str] = []
        self.answers = 0

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def ask(self, method: str, path: str, told: Any = None, **more: Any) -> httpx.Response:
        content = None if told is None else body_of(told)
        answer = self.client.request(method, path, content=content, **more)
        self.answers += 1
        if answer.status_code >= RUDE or "Traceback" in answer.text:
            self.faults.append(f"{method} {path[:80]!r} {str(told)[:120]!a}: {answer.status_code}")
        return answer

    def offer(self, place: str, name: str, method: str, path: str, told: Any) -> httpx.Response:
        answer = self.ask(method, path, told)
        if answer.is_success:
            self.taken[place].add(name)
        return answer

    def fill(self) -> None:
        """Everything, everywhere."""
        self.events()
        self.viewers()
        self.shop()
        self.sales()
        self.library()
        self.settings()
        self.upload()

    def some(self, place: str) -> Iterator[tuple[int, str, str]]:
        """What ``place`` gets: number, name and text."""
        for number, (name, text) in enumerate(self.texts.items()):
            if crc32(f"{place} {name}".encode()) % self._one_in == 0:
                yield number, name, text

    # --- what platforms tell ---

    def events(self) -> None:
        """Chat, names, gifts, subs and raids of two platforms, as sources hand them over: both speak UTF-8."""
        told = [(number, text) for number, text in enumerate(self.texts.values()) if text not in HALVES.values()]
        for platform in (Platform.TWITCH, Platform.TIKTOK):
            events = [one for number, text in told for one in said(platform, number, text)]
            for start in range(0, len(events), 400):
                self.stage.tell(*events[start : start + 400])

    # --- what the team writes ---

    def viewers(self) -> None:
        for number, (name, text) in enumerate(self.texts.items()):
            address = f"{VIEWERS}/tiktok:fan{number}"
            self.offer("notes", name, "PATCH", address, {"notes": text})
            clean = one_line(text)[:SHORT].replace(",", " ").replace(";", " ")
            self.ask("PATCH", address, {"tags": [clean], "discord_username": clean})
        for number, name, text in self.some("viewers"):
            address = f"{VIEWERS}/tiktok:fan{number}"
            for field, shorter in (("tags", [text[:SHORT]]), ("discord_username", text[:SHORT]), ("tts_voice", text)):
                self.offer(field, name, "PATCH", address, {field: shorter})
            self.ask("PATCH", address, {text: text, "__proto__": {"is_blocked": True}})
            self.ask("POST", f"{address}/vip", {"tier": text})

    def settings(self) -> None:
        cleaned = list({one_line(text)[:SHORT] for text in self.texts.values() if one_line(text)})
        for number, name, text in self.some("settings"):
            self.offer("tokens", name, "POST", "/api/tokens", {"name": text[:64], "scopes": ["read"]})
            account = {"name": text, "role": "moderator", "password": "quite a long pass phrase"}
            self.offer("accounts", name, "POST", "/api/accounts", account)
            self.ask("POST", "/api/accounts", account | {"name": f"mod{number}", "role": text, "password": text})
            self.offer("ignored", name, "POST", "/api/settings/ignored", {"names": [text]})
            self.ask("DELETE", f"/api/settings/ignored/{quote(text.encode(errors='replace')[:200], safe='')}")
            self.offer("webhooks", name, "PUT", "/api/settings/webhook", {"url": text})
            self.ask("PUT", "/api/settings/webhook", {"url": f"https://{text}/", "kind": text})
            goal = {"what": "messages", "target": 10, "label": text[:40]}
            self.offer("goals", name, "PUT", "/api/settings/goals", {"goals": [goal], "shown": 0})
            tier = {"name": text[:SHORT], "color": "#112233", "coins": 1, "benefits": [text[:200]]}
            self.offer("tiers", name, "PUT", f"{VIEWERS}/vip/tiers", {"tiers": [tier]})
        self.ask("DELETE", "/api/settings/webhook")
        for start in range(0, len(cleaned), 10):
            goals = [{"what": "messages", "target": 10, "label": label} for label in cleaned[start : start + 5]]
            self.ask("PUT", "/api/settings/goals", {"goals": goals, "shown": 0})
            tiers = [
                {"name": label, "color": "#aabbcc", "coins": rank * 10, "benefits": [label]}
                for rank, label in enumerate(cleaned[start : start + 10], 1)
            ]
            self.ask("PUT", f"{VIEWERS}/vip/tiers", {"tiers": tiers})

    # --- what the shop and the till report ---

    def shop(self) -> None:
        for name, text in self.texts.items():
            data = {text[:2_000]: text[:2_000], "product": text[:2_000], "amount": 5, "currency": "USD"}
            item = {"event_type": "purchase", "user_id": text, "data": data}
            self.offer("track", name, "POST", "/track", item)
            self.offer("track, cleaned", name, "POST", "/track", item | {"user_id": one_line(text)[:100] or "x"})
        for _, _, text in self.some("track"):
            for field in ("event_type", "event_id", "timestamp", "user_id", "data"):
                self.ask("POST", "/track", {"event_type": "page_view", field: text})
            with_it = {"User-Agent": text.encode(errors="replace"), "Referer": text.encode(errors="replace")}
            if text.isprintable() and len(text) < 2_000:
                self.ask("POST", "/track", {"event_type": "page_view"}, headers=with_it)

    def sales(self) -> None:
        for number, name, text in self.some("sales"):
            item = {"id": f"sale-{number}", "amount": 5, "label": one_line(text)[:100] or "x", "source": "till"}
            for changed in ({"id": text}, {"label": text}, {"source": text}, {"data": {text[:500]: text[:2_000]}}, {}):
                body = body_of(item | changed)
                answer = self.client.post("/api/sales", content=body, headers=signed(body, secret=SALES_SECRET))
                self.answers += 1
                if answer.status_code >= RUDE:
                    self.faults.append(f"sale {name}: {answer.status_code}")
                if answer.is_success:
                    self.taken["sales"].add(name)

    # --- the library ---

    def library(self) -> None:
        made: dict[str, int] = {}
        for kind in KINDS:
            made[kind.path] = self.ask("POST", f"/api/{kind.path}", dict(_least(kind.fields, made))).json()["id"]
        for kind in KINDS:
            plain = dict(_least(kind.fields, made))
            fields = [field for field in kind.fields if isinstance(field.value, Text | Email)]
            for number, name, text in [*self.some(kind.path)] if fields else ():
                for field in fields:
                    told = plain | ({"email": f"m{number}.{field.name}@example.com"} if kind.path == "users" else {})
                    answer = self.offer(kind.path, name, "POST", f"/api/{kind.path}", told | {field.name: text})
                    if answer.status_code == 422 and isinstance(field.value, Text):
                        fits = one_line(text)[: min(field.value.most, 200)] or "x"
                        self.ask("POST", f"/api/{kind.path}", told | {field.name: fits})
                self.ask("POST", f"/api/{kind.path}", plain | {text: text})
                self.ask("GET", f"/api/{kind.path}", params=_parameters({"search": text, "sort": text}))

    # --- files and addresses ---

    def upload(self) -> None:
        """A list of people from elsewhere, with every text in every column."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["platform", "username", "display_name", "notes", "tags", "country", "profile_picture_url"])
        for number, text in enumerate(self.texts.values()):
            fits = one_line(text)[:SHORT]
            writer.writerow(
                ["tiktok", f"import{number}", fits, fits, fits, fits, one_line(AVATARS[number % len(AVATARS)])[:500]]
            )
        plain = {"Content-Type": "text/csv"}
        content = file.getvalue().encode(errors="replace")
        answer = self.client.post(f"{VIEWERS}/import", content=content, headers=plain)
        assert answer.status_code == 200, answer.text[:2_000]
        for _, name, text in self.some("import"):
            rude = f"username,notes,{text}\n{text},{text},{text}\n".encode(errors="surrogatepass")
            answer = self.client.post(f"{VIEWERS}/import", content=rude, headers=plain)
            if answer.status_code >= RUDE:
                self.faults.append(f"import {name}: {answer.status_code}")

    def addresses(self) -> Iterator[str]:
        """Every place of an address that takes a text, with each text."""
        for _, _, text in self.some("addresses"):
            word = quote(text.encode(errors="surrogatepass")[:300], safe="")
            yield from (f"{VIEWERS}/{word}", f"{VIEWERS}/twitch:{word}/export", f"/viewers/{word}", f"/{word}")
            yield from (f"{VIEWERS}?search={word}", f"{VIEWERS}?sortBy={word}", f"{VIEWERS}/vip/list?tier={word}")
            yield from (f"/?channel={word}&platform={word}", f"/api/stats?channel={word}", f"/streams?channel={word}")
            yield from (f"/overlay?widgets={word}&accent={word}&goal={word}", f"/login?next={word}", f"/streams/{word}")
            yield from (f"/events?range={word}", f"/stats?since={word}", f"/api/top-content?genre={word}")
            yield from (f"/api/popular-content-over-time?month={word}", f"/user-activity?user_id={word}")
            yield from (f"/static/{word}", f"/peerjs/{word}/id", f"/{word}={word}?{word}={word}")


def said(platform: Platform, number: int, text: str) -> Iterator[Event]:
    at, room = now_ms(), CHANNEL
    about = {"bio": text[:1_000]}
    avatar = AVATARS[number % len(AVATARS)]
    who = Person(f"{platform}-{number}", f"fan{number}", text[:60], avatar[:2_000], about)
    odd = Person(f"{platform}-odd-{number}", one_line(text)[:60].lower() or "x", text[:60])
    key = f"{platform}-{number}"
    yield Event(platform, room, Kind.CHAT, at, f"{key}-a", who, text[:2_000], extra={"emotes": [text[:20] or "x"]})
    yield Event(platform, room, Kind.CHAT, at, f"{key}-b", odd, text[:2_000], extra={"reply_to": text[:30]})
    yield Event(platform, room, Kind.RESUB, at, f"{key}-c", who, text[:500], 7, extra={"plan": "1000"})
    yield Event(platform, room, Kind.RAID, at, f"{key}-d", odd, text[:500], 7)
    gift = {"gift_id": number + 1, "name": text[:100], "quantity": 2, "diamonds": 50 + number}
    yield Event(platform, room, Kind.GIFT, at, f"{key}-e", who, "", gift["quantity"] * gift["diamonds"], extra=gift)  # type: ignore[operator]
    yield Event(platform, room, Kind.SUBGIFT, at, f"{key}-f", who, "", 1, extra={"recipient": text[:30]})
    yield Event(platform, room, Kind.FOLLOW, at, f"{key}-g", odd)


def _least(fields: tuple[Field, ...], made: Mapping[str, int]) -> Iterator[tuple[str, Any]]:
    """What a record needs, and nothing odd in it."""
    for field in fields:
        if isinstance(field.value, Reference):
            if field.value.to in made:
                yield field.name, made[field.value.to]
        elif isinstance(field.value, Email):
            yield field.name, "plain@example.com"
        elif field.required:
            yield field.name, "plain" if isinstance(field.value, Text) else 5


def _parameters(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text.encode(errors="replace").decode()[:300] for name, text in given.items()}

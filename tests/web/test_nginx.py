"""The nginx configuration that is shipped in `deploy/`, with a real nginx before two web processes."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter

from core.db import Database
from ingest.writer import Writer
from tests.processes import Program, WebProcess, wait_until
from tests.servers import NginxServer, NoServer, free_port
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, TRACK_KEY, Stage
from tests.web.smuggling import answer_to, attacks
from tests.web.sockets import Listener, listening

SETTINGS = {
    "DASHBOARD_PASSWORD": PASSWORD,
    "API_TOKEN": API_TOKEN,
    "OVERLAY_TOKEN": OVERLAY_TOKEN,
    "TRACK_KEY": TRACK_KEY,
}
HOMES = [f"127.0.0.{last}" for last in range(1, 9)]  # where visitors come from; all of it is this machine


class FromHome(HTTPAdapter):
    """Connects from an address of its own."""

    def __init__(self, home: str) -> None:
        self._home = home
        super().__init__()

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, source_address=(self._home, 0), **more)


@dataclass
class Site:
    nginx: NginxServer
    webs: tuple[WebProcess, WebProcess]
    stage: Stage

    def client(self, home: str = HOMES[0]) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.nginx.certificate))
        transport = httpx.HTTPTransport(local_address=home, verify=trust)
        return httpx.Client(base_url=self.nginx.url, transport=transport, timeout=20)

    def session(self, home: str = HOMES[0]) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # where the environment names authorities, only those would be believed
        session.verify = str(self.nginx.certificate)
        session.mount("https://", FromHome(home))
        return session

    def listening(self, transport: str, home: str = HOMES[0]) -> AbstractContextManager[Listener]:
        auth = {"token": OVERLAY_TOKEN}
        return listening(self.nginx.url, transport=transport, session=self.session(home), auth=auth)

    def served_by(self, web: WebProcess) -> int:
        """How many requests a process has answered so far."""
        with httpx.Client(base_url=web.url, headers={"Authorization": f"Bearer {API_TOKEN}"}) as client:
            told = client.get("/metrics").text
        lines = [line for line in told.splitlines() if line.startswith("streampulse_http_requests_total{")]
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if "live.stats" in line)


@pytest.fixture(scope="module")
def site(program: Program, new_database_url: Callable[[], str]) -> Iterator[Site]:
    url = new_database_url()
    database = Database(url)
    writer = Writer(database).start()
    try:
        with program.web(url, **SETTINGS) as one, program.web(url, **SETTINGS) as other:
            try:
                nginx = NginxServer([one.port, other.port])
            except NoServer as error:
                pytest.skip(str(error))
            with nginx:
                stage = Stage(one, database, writer)
                stage.chat("lena", "hello")
                yield Site(nginx, (one, other), stage)
    finally:
        writer.close()
        database.close()


def log_in(client: httpx.Client, home: str = "") -> httpx.Response:
    form = {"username": "admin", "password": PASSWORD}
    return client.post("/login", data=form, headers={"X-Forwarded-For": home} if home else {})


def test_nginx_takes_the_configuration_without_a_word_of_warning(site: Site):
    told = site.nginx.check()
    assert "syntax is ok" in told
    assert "[warn]" not in told
    assert "[emerg]" not in told


def test_who_comes_without_tls_is_sent_where_there_is(site: Site):
    for named in (site.nginx.name, "evil.example"):
        answer = httpx.get(f"http://127.0.0.1:{site.nginx.plain_port}/streams?page=2", headers={"Host": named})
        assert answer.status_code == 301
        assert answer.headers["Location"] == f"https://{site.nginx.name}/streams?page=2"


def test_a_certificate_can_be_renewed_without_tls(site: Site):
    challenge = site.nginx.folder / ".well-known" / "acme-challenge" / "token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("proof")
    plain = f"http://127.0.0.1:{site.nginx.plain_port}"
    assert httpx.get(f"{plain}/.well-known/acme-challenge/token").text == "proof"


def test_one_login_counts_with_every_process_and_its_cookie_travels_over_tls_only(site: Site):
    with site.client() as client:
        answer = log_in(client)
        assert answer.status_code == 302
        cookie = answer.headers["Set-Cookie"]
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Strict-Transport-Security" in answer.headers
        kept = client.cookies["streampulse"]
    for web in site.webs:
        assert httpx.get(f"{web.url}/api/stats", cookies={"streampulse": kept}).status_code == 200


def test_visitors_are_spread_over_the_processes_and_each_stays_with_theirs(site: Site):
    before = [site.served_by(web) for web in site.webs]
    chosen: dict[str, list[int]] = {}
    # By their ports, which are others each time: some dozens might all go to the same, but hardly all of these.
    for home in (f"127.0.0.{last}" for last in range(1, 100)):
        if len(chosen) >= len(HOMES) and len(set(map(tuple, chosen.values()))) > 1:
            break
        with site.client(home) as client:
            for _ in range(3):
                assert client.get("/api/stats", params={"token": OVERLAY_TOKEN}).status_code == 200
        now = [site.served_by(web) for web in site.webs]
        chosen[home] = [after - was for after, was in zip(now, before, strict=True)]
        before = now
    assert sorted(set(map(tuple, chosen.values()))) == [(0, 3), (3, 0)]


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_dashboards_are_served_with_websockets_and_without(site: Site, transport: str):
    homes = HOMES if transport == "polling" else HOMES[:1]
    text = f"over {transport}"
    with ExitStack() as stack:
        pages = [stack.enter_context(site.listening(transport, home)) for home in homes]
        site.stage.chat("lena", text)
        for page in pages:
            page.wait_until(lambda: text in page.texts())  # noqa: B023
            assert page.texts().count(text) == 1


def test_a_connection_that_begins_without_websockets_goes_over_to_one(site: Site):
    page = Listener(
        site.nginx.url, transports=["polling", "websocket"], session=site.session(), auth={"token": OVERLAY_TOKEN}
    )
    assert page.subscribe()["success"]
    page.wait_until(lambda: page.client.transport() == "websocket")
    site.stage.chat("lena", "upgraded")
    page.wait_until(lambda: "upgraded" in page.texts())
    page.close()


def test_nobody_passes_for_another_by_what_they_claim(site: Site):
    """The limit of logins is the visitor's own, whatever address they say they have."""

    def attempts_left(client: httpx.Client, claimed: int) -> int:
        answer = client.post("/login", data={"username": "x"}, headers=claim(claimed))
        assert answer.status_code == 401
        return int(answer.headers["X-RateLimit-Remaining"])

    with site.client("127.0.0.77") as client:
        assert [attempts_left(client, claimed) for claimed in (1, 2)] == [9, 8]
    with site.client("127.0.0.78") as client:
        assert attempts_left(client, 1) == 9


def claim(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"10.0.0.{number}", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}


def test_the_shop_s_events_pass_as_large_as_they_may_be_and_no_larger(site: Site):
    headers = {"X-Track-Key": TRACK_KEY, "Content-Type": "application/json"}
    events = [{"event_type": "page_view", "data": {"note": "x" * 900}} for _ in range(1_000)]
    body = json.dumps(events)
    assert 900_000 < len(body) < 1_000_000
    with site.client() as client:
        assert client.post("/track", content=body, headers=headers).status_code in (200, 201)
        refused = client.post("/track", content=body + " " * 200_000, headers=headers)
        assert refused.status_code == 413
        assert refused.json()["success"] is False, "the product's own words, not nginx's"


HIDDEN = f"GET /api/stats?token={OVERLAY_TOKEN} HTTP/1.1\r\nHost: {NginxServer.name}\r\n\r\n".encode()
SMUGGLED = attacks(NginxServer.name, HIDDEN) | {
    "a wish for another protocol, with a body": b"POST /login HTTP/1.1\r\nHost: stream.example\r\nUpgrade: other\r\n"
    b"Connection: upgrade\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nusername=a",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_no_request_is_smuggled_past_nginx_into_the_answers_of_others(site: Site, name: str, figure):
    def answered() -> int:
        return sum(map(site.served_by, site.webs))

    before = answered()
    trust = ssl.create_default_context(cafile=str(site.nginx.certificate))
    with (
        socket.create_connection(("127.0.0.1", site.nginx.port)) as plain,
        trust.wrap_socket(plain, server_hostname=site.nginx.name) as line,
    ):
        told = answer_to(line, SMUGGLED[name] + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    openly = told.count(b'"times":')  # nginx itself took it for a request of its own, and its answer came back here
    assert answered() - before == openly
    with site.client() as client:
        for _ in range(3):
            assert client.get("/health").json()["version"], "others get their own answers"
    figure(f"{len(SMUGGLED)} ways to smuggle a request past nginx")


def test_tokens_in_addresses_are_not_written_into_the_log(site: Site):
    with site.client() as client:
        assert client.get("/overlay", params={"token": OVERLAY_TOKEN}).status_code == 200
    log = site.nginx.folder / "streampulse.log"
    wait_until(lambda: '"GET /overlay" 200' in log.read_text(), "the line is written")
    assert OVERLAY_TOKEN not in log.read_text()


def test_when_all_processes_were_down_for_a_moment_they_are_asked_again_as_soon_as_one_is_back():
    ports = free_port(), free_port()
    try:
        nginx = NginxServer(ports)
    except NoServer as error:
        pytest.skip(str(error))
    with nginx, httpx.Client(base_url=nginx.url, verify=False) as client:
        assert client.get("/").status_code == 502
        with HTTPServer(("127.0.0.1", ports[0]), BaseHTTPRequestHandler) as back:
            threading.Thread(target=back.serve_forever).start()
            try:
                assert client.get("/").status_code == 501, "its own answer: it knows no GET"
            finally:
                back.shutdown()


def test_when_a_process_dies_its_visitors_are_served_by_the_other(site: Site):
    with site.client() as client:
        before = [site.served_by(web) for web in site.webs]
        client.get("/api/stats", params={"token": OVERLAY_TOKEN})
        mine = next(n for n, web in enumerate(site.webs) if site.served_by(web) > before[n])
        site.webs[mine].kill()
        assert client.get("/api/stats", params={"token": OVERLAY_TOKEN}).status_code == 200
    with site.listening("polling") as page:
        site.stage.chat("lena", "still here")
        page.wait_until(lambda: "still here" in page.texts())

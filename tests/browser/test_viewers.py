"""The viewers' page in a browser: found, sorted, opened, edited and erased without a reload, and all of it as text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from core.clock import now_ms
from core.events import Event, Kind, Person, Platform
from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.test_accessibility import faults
from tests.browser.test_frame import CUT
from tests.browser.test_live import HOSTILE, SOON
from tests.web.conftest import Stage, stage_of

pytestmark = pytest.mark.long

PEOPLE = 30


def act(kind: Kind, who: str, *, name: str = "", at_ms: int | None = None, **more: object) -> Event:
    """Something a person does on TikTok."""
    person = Person(f"id-{who}", who, name or who.title())
    at = now_ms() if at_ms is None else at_ms
    return Event(Platform.TIKTOK, "crm", kind, at, f"crm-{who}-{kind}-{at}-{more.get('amount', 0)}", person, **more)  # type: ignore[arg-type]


def gift(who: str, coins: int, what: str = "Rose", **more: object) -> Event:
    extra = {"gift_id": 1, "name": what, "quantity": 1, "diamonds": coins}
    return act(Kind.GIFT, who, amount=coins, extra=extra, **more)


@pytest.fixture(scope="module")
def stage(program: object, new_database_url: object) -> Iterator[Stage]:
    """A web process of its own: how many people there are, and who leads, is for these tests to say."""
    with stage_of(program, new_database_url()) as stage:  # type: ignore[arg-type]
        stage.tell(*(act(Kind.CHAT, f"fan{number:02}", text=f"hello {number}") for number in range(PEOPLE)))
        stage.tell(*(gift(f"fan{number:02}", 100 + number) for number in range(PEOPLE)))
        stage.tell(gift("rosa.live", 25_000, "Lion"), act(Kind.CHAT, "rosa.live", name="Rosa 🌹", text="hi all"))
        yield stage


@pytest.fixture
def home(stage: Stage) -> str:
    return stage.web.url


def names(page: Page) -> list[str]:
    return page.locator("#people-rows .name").all_inner_texts()


def opened(page: Page) -> Locator:
    expect(page.locator("#viewer[open]:not(.loading)")).to_be_visible(timeout=SOON)
    return page.locator("#viewer")


def tab(page: Page, name: str) -> Locator:
    page.get_by_role("tab", name=name).click()
    return page.locator(f"#panel-{name.lower()}")


# --- the list ---


def test_figures_list_leaders_and_hours_are_filled(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers", "#people-rows .name")
    expect(page.locator("#kpi-total")).to_contain_text(re.compile(r"3\d"), timeout=SOON)
    expect(page.locator("#kpi-spender")).to_contain_text("Rosa", timeout=SOON)
    expect(page.locator("#leaders li").first).to_contain_text("Rosa", timeout=SOON)
    expect(page.locator("#heat")).to_contain_text(re.compile(r"Busiest \w+ \d\d:00–\d\d:00"), timeout=SOON)
    assert page.locator("#heat tbody td").count() == 7 * 24
    assert names(page)[0] == "Rosa 🌹"


def test_a_search_finds_beginnings_and_parts_of_names_and_stays_in_the_address(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers", "#people-rows .name")
    page.keyboard.press("/")
    page.keyboard.type("an07")
    expect(page.locator("#people-rows tr")).to_have_count(1, timeout=SOON)
    assert names(page) == ["Fan07"]
    expect(page).to_have_url(f"{home}/viewers?search=an07")
    page.reload()
    expect(page.locator("#people-rows tr")).to_have_count(1, timeout=SOON)
    page.fill("#search", "nobody is called so")
    expect(page.locator("#people-empty")).to_contain_text("Nobody is called “nobody is called so”", timeout=SOON)
    page.get_by_role("button", name="Show everybody").click()
    expect(page.locator("#people-rows tr")).to_have_count(25, timeout=SOON)
    assert page.input_value("#search") == ""


def test_headings_sort_and_say_so(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers", "#people-rows .name")
    head = page.locator("th", has_text="Viewer")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending", timeout=SOON)
    expect(page.locator("#people-rows .name").first).to_have_text("Fan00", timeout=SOON)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending", timeout=SOON)
    expect(page.locator("#people-rows .name").first).to_have_text("Rosa 🌹", timeout=SOON)
    assert page.locator("th[aria-sort]").count() == 1


def test_pages_are_leafed_through_and_gone_back_to(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers?limit=10", "#people-rows .name")
    first = names(page)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#pager")).to_contain_text("11–20 of", timeout=SOON)
    assert not set(first) & set(names(page))
    page.go_back()
    expect(page.locator("#pager")).to_contain_text("1–10 of", timeout=SOON)
    assert names(page) == first


def test_filters_and_downloads_go_together(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers", "#people-rows .name")
    page.locator("#filter").get_by_text("Favourites").click()
    expect(page.locator("#people-empty")).to_contain_text("No favourites yet", timeout=SOON)
    page.locator("#export summary").click()
    assert "filter=favorites" in (page.locator("[data-format=csv]").get_attribute("href") or "")
    expect(page.locator("#export")).to_contain_text("Favourites only")


def test_when_the_list_cannot_be_read_it_says_so_and_tries_again(visit: Visits, home: str) -> None:
    visitor = visit(home, forgives=("503",))
    answer = '{"success": false, "error": "the database is asleep", "details": []}'
    visitor.context.route(
        "**/api/viewer-profiles?*",
        lambda route: route.fulfill(status=503, content_type="application/json", body=answer),
    )
    page = visitor.open("/viewers", "#people-empty:not([hidden])")
    expect(page.locator("#people-empty")).to_contain_text("the database is asleep")
    visitor.context.unroute("**/api/viewer-profiles?*")
    page.locator("#people-empty button").click()
    expect(page.locator("#people-rows tr")).to_have_count(25, timeout=SOON)


# --- one person ---


def test_a_row_opens_the_person_and_going_back_closes_them(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers", "#people-rows .name")
    page.locator("#people-rows tr").first.click()
    expect(opened(page)).to_contain_text("25,000", timeout=SOON)
    expect(page).to_have_url(f"{home}/viewers/tiktok:rosa.live")
    expect(page).to_have_title(re.compile("Rosa"))
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden(timeout=SOON)
    expect(page).to_have_url(f"{home}/viewers")
    page.go_forward()
    opened(page)
    page.go_back()
    expect(page.locator("#viewer")).to_be_hidden(timeout=SOON)


def test_a_link_to_a_person_opens_them_and_leaves_to_the_list(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:rosa.live")
    expect(opened(page)).to_contain_text("@rosa.live", timeout=SOON)
    expect(tab(page, "Gifts")).to_contain_text("Lion", timeout=SOON)
    expect(tab(page, "Activity")).to_contain_text("hi all", timeout=SOON)
    expect(tab(page, "Visits")).to_contain_text("Busiest", timeout=SOON)
    expect(tab(page, "Changes")).to_contain_text(re.compile("No changes yet|Who changed"), timeout=SOON)
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(f"{home}/viewers")


def test_subs_given_to_others_stand_among_the_gifts(stage: Stage, visit: Visits, home: str) -> None:
    stage.tell(act(Kind.SUBGIFT, "patron", amount=1))
    page = visit(home).open("/viewers/tiktok:patron")
    opened(page)
    expect(tab(page, "Gifts")).to_contain_text("TikTok sub×1–", timeout=SOON)
    expect(tab(page, "Activity")).to_contain_text("gifted", timeout=SOON)


def test_a_person_is_described_in_words(stage: Stage, visit: Visits, home: str) -> None:
    listed = "username,country,language,watchtime_hours\nmarisol,mx,pt-BR,2.5\nvagabond,at sea,,0\n"
    with stage.client() as client:
        client.post(
            "/api/viewer-profiles/import", content=listed, headers={"Content-Type": "text/csv"}
        ).raise_for_status()
    streaks = {"Rose": 1, "Heart Me": 3}
    for name, quantity in streaks.items():
        told = {"gift_id": 7, "name": name, "quantity": quantity, "diamonds": 1, "streak": f"7:{name}", "ended": True}
        stage.tell(act(Kind.GIFT, "marisol", amount=quantity, extra=told))
    page = visit(home).open("/viewers?search=marisol", "#people-rows .name")
    expect(page.locator("#people-rows tr")).to_contain_text("2 h 30 min")
    page.set_viewport_size({"width": 700, "height": 800})
    assert page.evaluate(CUT, "#people-rows td:not(:first-child)") == []
    page.set_viewport_size(DESKTOP)
    page.goto(f"{home}/viewers/tiktok:marisol")
    about = opened(page).locator("[data-part=about]")
    expect(about).to_contain_text("Mexico")
    expect(about).to_contain_text("Brazilian Portuguese")
    gifts = tab(page, "Gifts").locator("tbody tr")
    expect(gifts.filter(has_text="streak")).to_have_count(1, timeout=SOON)  # one gift is none
    expect(gifts.filter(has_text="streak")).to_contain_text("Heart Me")
    page.goto(f"{home}/viewers/tiktok:vagabond")
    expect(opened(page).locator("[data-part=about]")).to_contain_text("at sea")


def test_a_link_to_nobody_says_so(visit: Visits, home: str) -> None:
    page = visit(home, forgives=("404",)).open("/viewers/tiktok:nobody.at.all")
    expect(page.locator("#viewer-problem")).to_contain_text("Nobody here by that name", timeout=SOON)
    expect(page.locator("#panel-profile")).to_be_hidden()


def test_a_bad_birthday_is_refused_beside_its_field_and_a_good_one_is_kept(visit: Visits, home: str) -> None:
    page = visit(home, forgives=("422",)).open("/viewers/tiktok:fan01")
    opened(page)
    page.fill("#edit-birthday", "2999-01-01")
    page.fill("#edit-notes", "brings cake")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#edit-birthday-error")).to_have_text("Must not be in the future", timeout=SOON)
    expect(page.locator("#edit-birthday")).to_have_attribute("aria-invalid", "true")
    page.fill("#edit-birthday", "1999-03-14")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_contain_text("Saved", timeout=SOON)
    expect(page.locator("#edit-birthday-error")).to_be_hidden()
    expect(tab(page, "Changes")).to_contain_text("brings cake", timeout=SOON)
    page.reload()
    opened(page)
    expect(page.locator("#edit-birthday")).to_have_value("1999-03-14", timeout=SOON)


def test_a_changed_voice_and_birthday_are_written_as_where_they_are_edited(
    stage: Stage, visit: Visits, home: str
) -> None:
    address = "/api/viewer-profiles/tiktok:fan08"
    with stage.client() as client:
        for voice in ("de_001", "jp_006", ""):
            client.patch(address, json={"tts_voice": voice}).raise_for_status()
        client.patch(address, json={"birthday": "1999-03-14"}).raise_for_status()
    page = visit(home).open("/viewers/tiktok:fan08")
    opened(page)
    changes = tab(page, "Changes")
    expect(changes).to_contain_text("set the voice to German, female", timeout=SOON)
    expect(changes).to_contain_text("changed the voice from German, female to Japanese, male")
    expect(changes).to_contain_text("cleared the voice, which was Japanese, male")
    expect(changes).to_contain_text("set the birthday to 14 March 1999")


def test_unsaved_changes_are_not_lost_by_escape_or_by_leaving(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:fan02")
    opened(page)
    page.fill("#edit-discord", "somebody")
    for _ in range(4):  # a browser lets a page refuse its own closing only so often
        page.keyboard.press("Escape")
        expect(page.locator("#editor")).to_contain_text("Save or undo", timeout=SOON)
        expect(page.locator("#viewer")).to_be_visible()
    page.locator("#edit-discord").click()  # a page that nobody has touched may not ask
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(page.locator("#edit-discord")).to_have_value("somebody")
    page.get_by_role("button", name="Undo").click()
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden(timeout=SOON)


def test_what_was_written_about_somebody_who_was_erased_meanwhile_is_said_and_not_dropped(
    stage: Stage, visit: Visits, home: str
) -> None:
    stage.tell(act(Kind.CHAT, "leaver", text="bye"))
    page = visit(home, forgives=("404",)).open("/viewers/tiktok:leaver")
    opened(page)
    page.fill("#edit-notes", "long words")
    with stage.client() as client:
        client.delete("/api/viewer-profiles/tiktok:leaver").raise_for_status()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_contain_text("They have been erased meanwhile", timeout=SOON)
    page.keyboard.press("Escape")
    expect(page.locator("#editor")).to_contain_text("Save or undo", timeout=SOON)
    expect(page.locator("#edit-notes")).to_have_value("long words")


def test_tags_are_added_and_removed_and_the_row_follows(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:fan29")
    opened(page)
    for tag in ("regular", "cat person"):
        page.fill("#edit-tag", tag)
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove the tag regular").click()
    page.fill("#edit-tag", "pasted, list; of tags")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_contain_text("Saved", timeout=SOON)
    tags = page.locator("#edit-tags li bdi")
    assert tags.all_inner_texts() == ["cat person", "pasted", "list", "of tags"]
    page.get_by_role("button", name="Close").click()
    expect(page.locator("tr[data-address='tiktok:fan29']")).to_contain_text("cat person", timeout=SOON)


def test_a_tier_is_set_taken_and_given_back_to_automation(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:fan03")
    card = opened(page).locator("#vip-card")
    expect(card).to_contain_text("No tier yet", timeout=SOON)
    card.locator("select").select_option("Gold")
    card.get_by_role("button", name="Set").click()
    expect(card).to_contain_text("set by hand", timeout=SOON)
    expect(page.locator("#viewer-head")).to_contain_text("Gold")
    expect(page.locator("#toasts")).to_contain_text("Fan03", timeout=SOON)
    card.get_by_role("button", name="Remove").click()
    expect(card).to_contain_text("taken away by hand", timeout=SOON)
    card.get_by_role("button", name="Back to automatic").click()
    expect(card).to_contain_text("No tier yet", timeout=SOON)


def test_a_person_is_opened_edited_and_left_by_keyboard(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers?search=fan06", "#people-rows .name")
    page.locator("#people-rows a").focus()
    page.keyboard.press("Enter")
    opened(page)
    assert page.evaluate("document.activeElement.closest('dialog')?.id") == "viewer"
    page.get_by_role("tab", name="Profile").focus()
    page.keyboard.press("End")
    expect(page.locator("#panel-privacy")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel-profile")).to_be_visible()
    for _ in range(60):  # the focus stays within, however far one goes
        page.keyboard.press("Tab")
        assert page.evaluate("[null, 'viewer'].includes(document.activeElement.closest('dialog')?.id ?? null)")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden(timeout=SOON)
    assert page.evaluate("document.activeElement.dataset.address") == "tiktok:fan06"


def test_who_may_not_change_anything_is_told_so(visit: Visits, home: str) -> None:
    visitor = visit(home, forgives=("403",))
    refusal = '{"success": false, "error": "this token may not do that", "details": []}'
    page = visitor.open("/viewers/tiktok:fan08")
    opened(page)
    visitor.context.route(
        "**/api/viewer-profiles/**",
        lambda route: (
            route.fulfill(status=403, content_type="application/json", body=refusal)
            if route.request.method == "PATCH"
            else route.fallback()
        ),
    )
    page.fill("#edit-notes", "not allowed")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor [data-part=problem]")).to_contain_text("not change them", timeout=SOON)
    expect(page.locator("#edit-notes")).to_have_value("not allowed")


def test_the_star_makes_a_favourite(visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:fan04")
    star = opened(page).locator("[data-part=favorite]")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true", timeout=SOON)
    page.goto(f"{home}/viewers?filter=favorites")
    expect(page.locator("#people-rows")).to_contain_text("Fan04", timeout=SOON)


def test_a_person_is_erased_only_when_their_name_is_written(stage: Stage, visit: Visits, home: str) -> None:
    stage.tell(act(Kind.CHAT, "goner", text="forget me"))
    page = visit(home).open("/viewers/tiktok:goner")
    opened(page)
    panel = tab(page, "Privacy")
    erase = panel.get_by_role("button", name="Erase for good")
    expect(erase).to_be_disabled()
    page.fill("#erase-name", "gone")
    expect(erase).to_be_disabled()
    page.fill("#erase-name", "goner")
    panel.get_by_text("Never record them again").click()
    erase.click()
    expect(page.locator("#viewer")).to_be_hidden(timeout=SOON)
    expect(page.locator("#toasts")).to_contain_text("Goner", timeout=SOON)
    with stage.client() as client:
        assert client.get("/api/viewer-profiles/tiktok:goner").status_code == 404
    stage.tell(act(Kind.CHAT, "goner", text="am I recorded?"))
    with stage.client() as client:
        assert client.get("/api/viewer-profiles/tiktok:goner").status_code == 404


def test_hostile_names_messages_gifts_and_notes_are_shown_as_text(stage: Stage, visit: Visits, home: str) -> None:
    name = HOSTILE[:60]
    stage.tell(
        act(Kind.CHAT, "evil", name=name, text=HOSTILE), gift("evil", 21_000, f"\u202e{HOSTILE[:60]}", name=name)
    )
    with stage.client() as client:
        changes = {"notes": HOSTILE, "tags": [HOSTILE[:40]]}
        client.patch("/api/viewer-profiles/tiktok:evil", json=changes).raise_for_status()
    page = visit(home).open("/viewers", "#people-rows .name")
    expect(page.locator("#people-rows")).to_contain_text(name, timeout=SOON)
    expect(page.locator("#leaders")).to_contain_text(name, timeout=SOON)
    page.goto(f"{home}/viewers/tiktok:evil")
    opened(page)
    expect(page.locator("#edit-notes")).to_have_value(HOSTILE, timeout=SOON)
    expect(tab(page, "Gifts")).to_contain_text("<img", timeout=SOON)
    expect(tab(page, "Activity")).to_contain_text(HOSTILE, timeout=SOON)
    expect(tab(page, "Changes")).to_contain_text("<img", timeout=SOON)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img").count() == 0


# --- live ---


def test_a_newcomer_and_a_promotion_are_seen_without_a_reload(stage: Stage, visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers?search=late", "#people-empty:not([hidden])")
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    stage.tell(act(Kind.JOIN, "latecomer"), act(Kind.CHAT, "latecomer", text="sorry I am late"))
    expect(page.locator("#people-rows")).to_contain_text("Latecomer", timeout=SOON)
    expect(page.locator("tr[data-address='tiktok:latecomer']")).to_have_class(re.compile("online"), timeout=SOON)
    with stage.client() as client:
        client.post("/api/viewer-profiles/tiktok:latecomer/vip", json={"tier": "Silver"}).raise_for_status()
    expect(page.locator("#toasts")).to_contain_text("Latecomer is now Silver", timeout=SOON)
    expect(page.locator("#people-rows")).to_contain_text("Silver", timeout=SOON)
    stage.tell(gift("latecomer", 30, "Cap"))
    expect(page.locator("#toasts")).to_contain_text("sent Cap", timeout=SOON)


def test_an_open_person_follows_what_happens_and_keeps_what_is_being_written(
    stage: Stage, visit: Visits, home: str
) -> None:
    page = visit(home).open("/viewers/tiktok:fan05")
    dialog = opened(page)
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    page.fill("#edit-notes", "half a sent")
    with stage.client() as client:
        client.patch("/api/viewer-profiles/tiktok:fan05", json={"discord_username": "fan#5"}).raise_for_status()
    expect(page.locator("#edit-discord")).to_have_value("fan#5", timeout=SOON)
    expect(page.locator("#edit-notes")).to_have_value("half a sent")
    with stage.client() as client:
        client.post("/api/viewer-profiles/tiktok:fan05/vip", json={"tier": "Bronze"}).raise_for_status()
    expect(dialog.locator("#viewer-head")).to_contain_text("Bronze", timeout=SOON)


def test_two_who_write_about_a_person_at_once_are_told_and_lose_nothing(stage: Stage, visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:fan08")
    opened(page)
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    page.fill("#edit-notes", "likes tea")
    page.fill("#edit-discord", "mine")
    with stage.client() as client:
        theirs = {"notes": "met in Oslo", "discord_username": "theirs", "tags": ["kind"]}
        client.patch("/api/viewer-profiles/tiktok:fan08", json=theirs).raise_for_status()
    told = page.locator("#editor [data-part=contested]")
    expect(told).to_contain_text("has just changed the notes to met in Oslo", timeout=SOON)
    expect(page.locator("#edit-notes")).to_have_value("likes tea")
    told.locator("p", has_text="the notes").get_by_role("button", name="Keep both").click()
    expect(page.locator("#edit-notes")).to_have_value("met in Oslo\nlikes tea")
    told.get_by_role("button", name="Take theirs").click()
    expect(told).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_contain_text("Saved", timeout=SOON)
    with stage.client() as client:
        kept = client.get("/api/viewer-profiles/tiktok:fan08").json()
    assert (kept["notes"], kept["discord_username"], kept["tags"]) == ("met in Oslo\nlikes tea", "theirs", ["kind"])


def test_what_others_changed_while_the_line_was_down_is_told_before_it_is_overwritten(
    stage: Stage, visit: Visits, home: str
) -> None:
    visitor = visit(home, forgives=("ERR_FAILED", "net::"))
    visitor.context.route("**/socket.io/**", lambda route: route.abort())
    visitor.context.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    page = visitor.open("/viewers/tiktok:fan09")
    opened(page)
    page.fill("#edit-notes", "mine")
    with stage.client() as client:
        client.patch("/api/viewer-profiles/tiktok:fan09", json={"notes": "theirs"}).raise_for_status()
    page.get_by_role("button", name="Save").click()
    told = page.locator("#editor [data-part=contested]")
    expect(told).to_contain_text("the notes to theirs", timeout=SOON)
    expect(told.get_by_role("button", name="Keep both")).to_be_in_viewport(ratio=1)
    expect(page.locator("#editor [data-part=state]")).to_have_text("Not saved: see the note above")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_contain_text("Saved", timeout=SOON)
    with stage.client() as client:
        assert client.get("/api/viewer-profiles/tiktok:fan09").json()["notes"] == "mine"


def test_news_of_others_lie_over_the_person_who_is_open(stage: Stage, visit: Visits, home: str) -> None:
    page = visit(home).open("/viewers/tiktok:fan06")
    dialog = opened(page)
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    with stage.client() as client:
        client.post("/api/viewer-profiles/tiktok:fan07/vip", json={"tier": "Silver"}).raise_for_status()
    news = dialog.get_by_role("status").locator(".toast", has_text="Fan07 is now Silver")
    expect(news).to_be_visible(timeout=SOON)
    assert news.evaluate(ON_TOP)
    page.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden(timeout=SOON)
    expect(page.locator("body > #toasts")).to_have_count(1)
    with stage.client() as client:
        client.post("/api/viewer-profiles/tiktok:fan07/vip", json={"remove": True}).raise_for_status()
    later = page.locator(".toast", has_text="Fan07 is no longer Silver")
    expect(later).to_be_visible(timeout=SOON)
    assert later.evaluate(ON_TOP)


# Whether a toast is what is to be seen where it stands; what a dialog shuts out is not found. Fingers go through it.
ON_TOP = """async toast => {
  await Promise.all(toast.getAnimations().map(({ finished }) => finished));
  toast.style.pointerEvents = "auto";
  const { x, y, width, height } = toast.getBoundingClientRect();
  return Boolean(document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".toast"));
}"""


def test_while_the_socket_is_down_the_list_is_asked_for(stage: Stage, visit: Visits, home: str) -> None:
    visitor = visit(home, forgives=("ERR_FAILED", "net::"))
    visitor.context.route("**/socket.io/**", lambda route: route.abort())
    visitor.context.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    page = visitor.open("/viewers?search=polled")
    expect(page.locator("#connection")).to_contain_text("3 s", timeout=SOON)
    stage.tell(act(Kind.CHAT, "polled.one", text="hi"))
    expect(page.locator("#people-rows")).to_contain_text("Polled.One", timeout=SOON)


# --- tiers ---


def test_tiers_are_previewed_refused_and_saved(stage: Stage, visit: Visits, home: str) -> None:
    visitor = visit(home, forgives=("422",))
    page = visitor.open("/viewers", "#people-rows .name")
    page.get_by_role("button", name="VIP tiers").click()
    rows = page.locator(".tier-row")
    expect(rows).to_have_count(4, timeout=SOON)
    expect(page.locator("#tiers")).to_contain_text("A Twitch bit is one coin.")
    rows.first.get_by_label("Hours watched").fill("0")
    page.get_by_role("button", name="Add a tier").click()
    page.get_by_role("button", name="Who would change?").click()
    expect(rows.last).to_contain_text("The name must not be empty", timeout=SOON)
    rows.last.get_by_label("Name").fill("Whale")
    rows.last.get_by_label("Coins").fill("22000")
    page.get_by_role("button", name="Who would change?").click()
    expect(page.locator(".tier-preview")).to_contain_text("would rise", timeout=SOON)
    expect(page.locator(".tier-preview")).to_contain_text("Rosa", timeout=SOON)
    page.get_by_role("button", name="Save tiers").click()
    expect(page.locator("#tiers")).to_be_hidden(timeout=SOON)
    expect(page.locator("tr[data-address='tiktok:rosa.live']")).to_contain_text("Whale", timeout=SOON)
    asked = opened(visitor.open("/viewers/tiktok:fan03")).locator("#vip-card .meter")
    expect(asked).to_have_text([re.compile("^Coins"), re.compile("^Visits")], timeout=SOON)


def test_tiers_that_somebody_else_has_saved_meanwhile_are_not_overwritten_unasked(
    stage: Stage, visit: Visits, home: str
) -> None:
    page = visit(home).open("/viewers#tiers")
    rows = page.locator(".tier-row")
    expect(rows.first.get_by_label("Visits")).to_be_visible(timeout=SOON)
    rows.first.get_by_label("Visits").fill("11")
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    tiers = "/api/viewer-profiles/vip/tiers"
    given = ("id", "name", "color", "coins", "watch_hours", "visits", "benefits")
    with stage.client() as client:
        theirs = [{name: tier[name] for name in given} for tier in client.get(tiers).json()]
        theirs[-1]["visits"] += 7
        client.put(tiers, json={"tiers": theirs}).raise_for_status()
    page.get_by_role("button", name="Save tiers").click()
    expect(page.locator("#tiers-form")).to_contain_text("Somebody else has changed the tiers", timeout=SOON)
    with stage.client() as client:
        kept = [tier["visits"] for tier in client.get(tiers).json()]
    assert kept == [tier["visits"] for tier in theirs]
    page.get_by_role("button", name="Save tiers").click()
    expect(page.locator("#tiers")).to_be_hidden(timeout=SOON)
    with stage.client() as client:
        assert client.get(tiers).json()[0]["visits"] == 11


# --- everywhere ---


LONG_VISIT = """() => {
  const table = [...document.querySelectorAll("#viewer-body .history-table")].find((one) => one.offsetWidth);
  const [came, left, watched] = table.tBodies[0].rows[0].cells;
  came.querySelector("time").textContent = "Wed, 25 Nov 2020, 23:44";
  [left.textContent, watched.textContent] = ["here now", "12 h 38 min"];
  return table.offsetWidth - table.parentElement.clientWidth;
}"""


@pytest.mark.parametrize("path", ["/viewers", "/viewers/tiktok:rosa.live", "/viewers?filter=favorites&search=zz"])
def test_nothing_scrolls_sideways_on_a_small_phone(visit: Visits, home: str, path: str) -> None:
    page = visit(home, viewport=PHONE).open(path)
    page.wait_for_selector("#people-rows .name, #people-empty:not([hidden])")
    if "tiktok:" in path:
        opened(page)
        for name in ("Gifts", "Visits", "Activity", "Changes", "Privacy", "Profile"):
            tab(page, name)
            assert page.evaluate("document.querySelector('#viewer-body').scrollWidth") <= PHONE["width"]
            if name == "Visits":
                assert page.evaluate(LONG_VISIT) <= 0, "a long visit of long ago is within its panel"
        birthday, discord = (page.locator(field).bounding_box() for field in ("#edit-birthday", "#edit-discord"))
        assert birthday and discord and birthday["x"] + birthday["width"] < discord["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_and_its_dialogs_have_no_accessibility_fault(
    visit: Visits, home: str, viewport: dict[str, int]
) -> None:
    # The checker is a script of its own, which our pages would rightly refuse.
    page = visit(home, viewport=viewport, bypass_csp=True).open("/viewers", "#people-rows .name")
    expect(page.locator("#heat")).to_contain_text("Busiest", timeout=SOON)
    expect(page.locator("#leaders")).to_contain_text("Rosa", timeout=SOON)
    assert faults(page) == []
    page.locator("#people-rows tr").first.click()
    opened(page)
    for name in ("Profile", "Gifts", "Visits", "Activity", "Changes", "Privacy"):
        expect(tab(page, name).locator(".skeleton")).to_have_count(0, timeout=SOON)
        assert (name, faults(page)) == (name, [])
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden(timeout=SOON)
    page.get_by_role("button", name="VIP tiers").click()
    expect(page.locator(".tier-row input").first).to_be_visible(timeout=SOON)
    assert faults(page) == []


def test_an_import_with_a_bad_row_says_which_and_changes_nothing_and_a_mended_one_is_taken(
    stage: Stage, visit: Visits, home: str
) -> None:
    page = visit(home).open("/viewers", "#people-rows .name")
    page.get_by_role("button", name="Import").click()
    dialog = page.locator("#import")
    bad = 'User;Full name;Given;DOB\nimported.one;"Ida; <b>";1200;1999-03-14\nimported.two;;many;2999-01-01\n'
    choose(dialog, bad)
    dialog.get_by_label("What Given means").select_option("coins")
    dialog.get_by_role("button", name="Check the file").click()
    expect(dialog).to_contain_text("2 cells cannot be taken", timeout=SOON)
    expect(dialog.locator(".report-lines tbody tr").first).to_contain_text("3")
    with stage.client() as client:
        assert client.get("/api/viewer-profiles/tiktok:imported.one").status_code == 404
    dialog.get_by_role("button", name="Choose the file again").click()
    choose(dialog, bad.replace("many", "7").replace("2999", "1999"))
    dialog.get_by_label("What Given means").select_option("coins")
    dialog.get_by_role("button", name="Check the file").click()
    dialog.get_by_role("button", name="Import 2 viewers").click()
    expect(page.locator("#toasts")).to_contain_text("2 new viewers", timeout=SOON)
    page.fill("#search", "imported")
    expect(page.locator("#people-rows tr")).to_have_count(2, timeout=SOON)
    expect(page.locator("#people-rows")).to_contain_text("Ida; <b>")
    expect(page.locator("#people-rows")).to_contain_text("1,200")


def test_the_columns_of_a_list_are_called_by_their_whole_names_on_a_phone(visit: Visits, home: str) -> None:
    page = visit(home, viewport=PHONE).open("/viewers", "#people-rows .name")
    page.get_by_role("button", name="Import").click()
    name = "Coins given before the move to the new system"
    choose(page.locator("#import"), f"User;{name}\nimported.three;1200\n")
    expect(page.locator(".columns-table th", has_text=name)).to_be_visible(timeout=SOON)
    assert page.evaluate(CUT, ".columns-table tbody th") == []


def test_a_list_as_excel_writes_it_has_its_columns_told_and_its_people_taken(
    visit: Visits, home: str, stage: Stage
) -> None:
    text = '\ufeff"sep=;"\r\n\r\nUser;Name;Mood\r\nexcel.one;Zoë;good\r\n'
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        page = visit(home).open("/viewers", "#people-rows .name")
        page.get_by_role("button", name="Import").click()
        dialog = page.locator("#import")
        choose(dialog, text, encoding)
        expect(dialog.locator(".columns-table tbody th")).to_have_text(["User", "Name", "Mood"], timeout=SOON)
        expect(dialog.locator(".columns-table")).to_contain_text("Zoë")
    dialog.get_by_role("button", name="Check the file").click()
    dialog.get_by_role("button", name="Import 1 viewer").click()
    expect(page.locator("#toasts")).to_contain_text("1 new viewer", timeout=SOON)
    with stage.client() as client:
        assert client.get("/api/viewer-profiles/tiktok:excel.one").json()["display_name"] == "Zoë"


def choose(dialog: Locator, text: str, encoding: str = "utf-8") -> None:
    dialog.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode(encoding)}
    )

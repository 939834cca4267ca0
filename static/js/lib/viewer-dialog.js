/** One viewer opened over the list, with an address of its own: a link leads here, and going back leads out. */

import { byId, empty, icon, make, part } from "./dom.js";
import { onlyServer } from "./http.js";
import { toast } from "./toast.js";
import { editProfile, pageOf, personExportUrl, profile, tiers } from "./viewer-api.js";
import { Editor } from "./viewer-editor.js";
import { EraseForm } from "./viewer-erase.js";
import { showAbout, showHead, showKnown, showTotals } from "./viewer-head.js";
import { History } from "./viewer-history.js";
import { sentence } from "./viewer-news.js";
import { Tabs } from "./tabs.js";
import { askBeforeLeaving } from "./unsaved.js";
import { VipCard } from "./viewer-vip.js";
import { learnVoices } from "./viewer-voices.js";
import { namesOf } from "./viewer-words.js";

const HOME = "/viewers";

export class ViewerDialog {
  /** `isOnline(viewer)`; `changed(viewer)` and `erased(viewer)` are called after what is done here. */
  constructor({ canWrite, isOnline, changed, erased }) {
    Object.assign(this, { canWrite, isOnline, changed });
    this.dialog = byId("viewer");
    this.history = new History();
    this.tabs = new Tabs(byId("viewer-tabs"), (name) => this.history.draw(name));
    this.vip = new VipCard({ canWrite, changed: (fresh) => this.#took(fresh) });
    if (canWrite) {
      this.editor = new Editor({ saved: (fresh) => this.#took(fresh) });
      this.erase = new EraseForm({ erased: (viewer) => this.#gone(viewer, erased) });
      part(byId("viewer-head"), "favorite").addEventListener("click", () => this.#toggleFavorite());
    }
    this.title = document.title;
    part(byId("viewer-head"), "close").addEventListener("click", () => this.leave());
    // Not "cancel", which can be refused only now and then: what was written is not lost by a slip. Of the whole page,
    // as the key goes there once a button that was pressed is disabled.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.dialog.open) return;
      event.preventDefault();
      this.leave();
    });
    askBeforeLeaving(() => Boolean(this.viewer && this.editor?.dirty));
    // A phone's gesture closes it without a key. Word of a closing may come late, when somebody who went back and
    // forward again has opened it anew.
    this.dialog.addEventListener("close", () => this.address && !this.dialog.open && this.leave({ force: true }));
    this.dialog.addEventListener("pointerdown", (event) => (this.pressedOutside = event.target === this.dialog));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog && this.pressedOutside) this.leave();
    });
  }

  /** Shows whom the address names, and nobody where it names none. */
  followAddress() {
    const address = addressInPath();
    if (address !== this.address && this.viewer && this.editor?.dirty) {
      history.pushState({ opened: true }, "", pageOf(this.address) + location.search); // the browser had left already
      this.#remind();
    } else if (address) this.#show(address);
    else this.#hide();
  }

  open(address) {
    history.pushState({ opened: true }, "", pageOf(address) + location.search);
    this.#show(address);
  }

  /** Back to the list: where the list was before this, by going back; after a deep link, by going there. */
  leave({ force = false } = {}) {
    if (!force && this.viewer && this.editor?.dirty) return this.#remind();
    this.viewer = null; // whatever was being written is dropped
    if (history.state?.opened) history.back();
    else {
      history.pushState(null, "", HOME + location.search);
      this.#hide();
    }
    return undefined;
  }

  /** News of a person came: who is shown here follows. */
  follow(viewer) {
    if (!this.viewer || viewer.id !== this.viewer.id) return;
    this.#fill({ ...this.viewer, ...viewer }, { again: true });
  }

  /** The tiers have changed: they are asked for anew with the next person. */
  forgetTiers() {
    this.tierList = null;
  }

  refreshPresence() {
    if (this.viewer) showHead(this.viewer, { online: this.isOnline(this.viewer) });
  }

  #remind() {
    this.tabs.show("profile");
    this.editor.remind();
  }

  async #show(address) {
    if (this.address === address && this.dialog.open) return;
    this.address = address;
    this.viewer = null;
    this.#loading(true);
    if (!this.dialog.open) this.dialog.showModal();
    byId("viewer-name").focus();
    this.tabs.show("profile");
    byId("viewer-body").scrollTop = 0;
    await this.#load(address);
  }

  async #load(address) {
    try {
      const [viewer, tierList] = await Promise.all([profile(address), this.tierList ?? tiers()]);
      this.tierList = tierList;
      if (this.address !== address) return;
      this.#loading(false);
      this.history.show(viewer);
      this.#fill(viewer);
      this.#offerVoices();
    } catch (error) {
      onlyServer(error);
      if (this.address === address) this.#explain(error, address);
    }
  }

  #fill(viewer, { again = false } = {}) {
    this.viewer = viewer;
    document.title = `${namesOf(viewer).shown} · ${this.title}`;
    showHead(viewer, { online: this.isOnline(viewer) });
    showTotals(viewer);
    showAbout(viewer);
    this.vip.show(viewer, this.tierList);
    byId("export-person").href = personExportUrl(viewer.address);
    if (!this.canWrite) return showKnown(viewer);
    this.editor.show(viewer, { again });
    if (!again) this.erase.show(viewer);
    this.#showStar(viewer.is_favorite);
    return undefined;
  }

  /** What was changed here: the list beside it hears of it at once, the server's own news come a moment later. */
  #took(fresh) {
    this.#fill({ ...this.viewer, ...fresh }, { again: true });
    this.history.drawn.delete("changes");
    this.changed(fresh);
  }

  async #offerVoices() {
    try {
      const voices = await learnVoices();
      this.editor?.offerVoices(voices);
      if (!this.canWrite && this.viewer) showKnown(this.viewer);
    } catch (error) {
      onlyServer(error); // without the list the voice stays what it is
    }
  }

  async #toggleFavorite() {
    const wanted = !this.viewer.is_favorite;
    this.#showStar(wanted);
    try {
      this.#took(await editProfile(this.viewer.address, { is_favorite: wanted }));
    } catch (error) {
      onlyServer(error);
      this.#showStar(!wanted);
      toast(error.message, { icon: "circle-alert", attention: true });
    }
  }

  #showStar(on) {
    const star = part(byId("viewer-head"), "favorite");
    star.hidden = false;
    star.setAttribute("aria-pressed", String(on));
    star.title = on ? "A favourite; press to take it back" : "Make them a favourite";
  }

  #gone(viewer, erased) {
    this.viewer = null;
    toast(sentence(namesOf(viewer).shown, " is erased"), { icon: "trash-2" });
    erased(viewer);
    this.leave({ force: true });
  }

  #loading(on) {
    this.dialog.classList.toggle("loading", on);
    this.dialog.classList.remove("failed");
    byId("viewer-problem").hidden = true;
    byId("viewer-tabs").hidden = false;
    if (on) this.dialog.setAttribute("aria-busy", "true");
    else this.dialog.removeAttribute("aria-busy");
  }

  #explain(error, address) {
    this.#loading(false);
    const again = make("button.button.small", { type: "button" }, icon("refresh-cw"), "Try again");
    again.addEventListener("click", () => {
      this.#loading(true);
      this.#load(address);
    });
    const missing = error.status === 404;
    const words = missing
      ? empty("user-round", "Nobody here by that name", "They may have been erased, or were never seen on a stream.")
      : empty("circle-alert", "This viewer could not be read", error.message);
    if (!missing) words.append(again);
    this.dialog.classList.add("failed");
    byId("viewer-problem").hidden = false;
    byId("viewer-problem").replaceChildren(words);
    part(byId("viewer-head"), "name").textContent = address;
  }

  #hide() {
    this.address = null;
    this.viewer = null;
    document.title = this.title;
    if (this.dialog.open) this.dialog.close();
  }
}

function addressInPath() {
  if (!location.pathname.startsWith(`${HOME}/`)) return null;
  try {
    return decodeURIComponent(location.pathname.slice(HOME.length + 1)) || null;
  } catch {
    return null; // no address of ours is written like that
  }
}

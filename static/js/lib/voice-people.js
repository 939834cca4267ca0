/** The list of who is in the room: who speaks, who is muted, how loud each is for oneself. */

import { byId, icon, make, part, setText } from "./dom.js";
import { avatar } from "./person.js";

const STATES = {
  connecting: "Connecting …",
  connected: "",
  weak: "Connection is weak",
  unreachable: "Cannot be reached: the networks do not let you through",
};
const UNREACHABLE_HINT = "Whoever runs StreamPulse can set up a TURN server for this.";
const VOLUMES = "streampulse.voice.volumes"; // by account: the next time they come they are as loud as now

export class People {
  /** `onVolume(id, volume)`, 0 to 1. */
  constructor({ onVolume }) {
    this.list = byId("people");
    this.rows = new Map();
    this.onVolume = onVolume;
    this.volumes = kept(VOLUMES);
  }

  /** `peers` in the order of their coming; `me` is the id of this tab, or null. */
  show(peers, me) {
    const names = told(peers);
    for (const [id, row] of this.rows) {
      if (row.isMe === (id === me) && peers.some((peer) => peer.id === id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    peers.forEach((peer, place) => {
      const row = this.rows.get(peer.id) ?? this.#add(peer, peer.id === me);
      row.name = names.get(peer.id);
      setText(part(row.element, "name"), row.name);
      row.element.classList.toggle("is-muted", peer.muted);
      part(row.element, "muted").hidden = !peer.muted;
      this.#place(row.element, place);
    });
    byId("nobody").hidden = peers.length > 0;
  }

  nameOf(id) {
    return this.rows.get(id)?.name ?? "";
  }

  volumeOf(id) {
    const row = this.rows.get(id);
    return row ? (this.volumes[row.account] ?? 1) : 1;
  }

  setState(id, state) {
    const row = this.rows.get(id);
    if (!row || row.isMe) return;
    row.element.dataset.state = state;
    setText(part(row.element, "state"), STATES[state] ?? "");
    part(row.element, "state").title = state === "unreachable" ? UNREACHABLE_HINT : "";
    part(row.element, "volume").hidden = state !== "connected" && state !== "weak";
  }

  setSpeaking(id, speaks) {
    const row = this.rows.get(id);
    if (!row || row.speaks === speaks) return;
    row.speaks = speaks;
    row.element.classList.toggle("speaks", speaks);
  }

  #add(peer, isMe) {
    const row = { account: peer.name, isMe, name: peer.name, speaks: false };
    row.element = make(
      "li.voice-person",
      { "data-peer": peer.id },
      avatar({ platform: "team", login: peer.name, user: peer.name }),
      make(
        "div.voice-who",
        {},
        make(
          "span.voice-name",
          {},
          make("strong", { "data-part": "name" }),
          isMe && make("span.tag", {}, "you"),
          make("span.voice-muted", { "data-part": "muted", title: "Muted", hidden: true }, icon("mic-off"), unseenMuted()),
        ),
        make("span.voice-state", { "data-part": "state" }),
      ),
      isMe ? null : this.#volume(peer, row),
    );
    this.rows.set(peer.id, row);
    return row;
  }

  #volume(peer, row) {
    const slider = make("input", {
      type: "range",
      min: "0",
      max: "100",
      step: "5",
      value: String(Math.round((this.volumes[peer.name] ?? 1) * 100)),
      "aria-label": `Volume of ${peer.name}`,
    });
    slider.addEventListener("input", () => {
      this.volumes[row.account] = slider.valueAsNumber / 100;
      keep(VOLUMES, this.volumes);
      this.onVolume(peer.id, slider.valueAsNumber / 100);
    });
    return make("label.voice-volume", { "data-part": "volume", hidden: true, title: "How loud for you" }, icon("volume-2"), slider);
  }

  #place(element, place) {
    if (this.list.children[place] !== element) this.list.insertBefore(element, this.list.children[place] ?? null);
  }
}

function unseenMuted() {
  return make("span.visually-hidden", {}, "muted");
}

/** Id → name; several tabs of one account are numbered in the order of their coming. */
function told(peers) {
  const counts = new Map();
  const names = new Map();
  for (const peer of peers) {
    const count = (counts.get(peer.name) ?? 0) + 1;
    counts.set(peer.name, count);
    names.set(peer.id, count > 1 ? `${peer.name} (${count})` : peer.name);
  }
  return names;
}

/** What this browser has kept under `name`, an object; private windows may refuse. */
export function kept(name) {
  try {
    const found = JSON.parse(localStorage.getItem(name));
    return found && typeof found === "object" ? found : {};
  } catch {
    return {};
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // It is chosen anew next time.
  }
}

/** A chip per channel: how its source stands, and a click shows this channel only. */

import { everySecond, serverNow } from "./clock.js";
import { make, setText } from "./dom.js";
import { channelName, platformName } from "./format.js";

/** state → [colour role of the chip, words, whether the words are shown next to the name]. */
const STATES = {
  connected: ["good", "connected", false],
  connecting: ["attention", "connecting", true],
  offline: ["idle", "offline", true],
  waiting: ["attention", "trying again", true],
  failed: ["danger", "failed", true],
  stopped: ["danger", "collector stopped", true],
};

export class Sources {
  /** `choose({platform, channel})` or `choose({})` is called on a click. */
  constructor(group, choose) {
    this.group = group;
    this.choose = choose;
    this.chips = new Map();
    this.filter = {};
    everySecond(() => this.#tellCountdowns());
  }

  /** While one channel is chosen the server tells of that one only: the other chips stay as they were. */
  show(channels, filter) {
    this.filter = filter;
    const shown = new Map(channels.map((channel) => [`${channel.platform}/${channel.name}`, channel]));
    for (const [key, chip] of this.chips) {
      if (!shown.has(key) && !filter.channel) {
        chip.remove();
        this.chips.delete(key);
      }
    }
    for (const [key, channel] of shown) this.#fill(this.chips.get(key) ?? this.#add(key), channel);
    for (const [key, chip] of this.chips) if (!shown.has(key)) this.#fill(chip, chip.channel);
  }

  #add(key) {
    const chip = make("button.chip", { type: "button" });
    chip.dot = make("i.dot", { "aria-hidden": "true" });
    chip.label = make("span");
    chip.note = make("span.chip-note");
    chip.append(chip.dot, chip.label, chip.note);
    chip.addEventListener("click", () =>
      this.choose(
        chip.getAttribute("aria-pressed") === "true"
          ? {}
          : { platform: chip.channel.platform, channel: chip.channel.name },
      ),
    );
    this.chips.set(key, chip);
    this.group.append(chip);
    return chip;
  }

  #fill(chip, channel) {
    const [colour, words, noted] = STATES[channel.state] ?? ["idle", channel.state, true];
    const chosen =
      channel.name === this.filter.channel && (!this.filter.platform || channel.platform === this.filter.platform);
    chip.channel = channel;
    chip.words = words;
    chip.dataset.state = colour;
    chip.dot.className = { good: `dot ${channel.platform}`, idle: `dot hollow ${channel.platform}` }[colour] ?? "dot";
    setText(chip.label, `${channel.platform} / ${channelName(channel.platform, channel.name)}`);
    chip.note.classList.toggle("visually-hidden", !noted);
    chip.setAttribute("aria-pressed", String(chosen));
    chip.classList.toggle("aside", Boolean(this.filter.channel) && !chosen);
    chip.title = [
      `${platformName(channel.platform)}: ${words}`,
      channel.detail,
      chosen ? "Click to show all channels" : "Click to show this channel only",
    ]
      .filter(Boolean)
      .join("\n");
    this.#tell(chip);
  }

  #tell(chip) {
    const { retry_at: retryAt } = chip.channel;
    const left = retryAt ? Math.ceil((Date.parse(retryAt) - serverNow()) / 1000) : 0;
    const what = chip.channel.state === "waiting" ? chip.words : `${chip.words}, next try`;
    setText(chip.note, left > 0 ? `${what} in ${left > 90 ? `${Math.ceil(left / 60)} min` : `${left} s`}` : chip.words);
  }

  #tellCountdowns() {
    for (const chip of this.chips.values()) this.#tell(chip);
  }
}

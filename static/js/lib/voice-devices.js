/** Which microphone and loudspeaker: the lists, and what was chosen last. */

import { byId, make } from "./dom.js";
import { canChooseOutput, devicesOf } from "./voice-mic.js";
import { keep, kept } from "./voice-people.js";

const CHOSEN = "streampulse.voice.devices";

export class Devices {
  /** `onMicrophone(id)` and `onSpeaker(id)` when somebody chooses. */
  constructor({ onMicrophone, onSpeaker }) {
    this.chosen = kept(CHOSEN);
    this.#wire("microphone", onMicrophone);
    this.#wire("speaker", onSpeaker);
    navigator.mediaDevices?.addEventListener("devicechange", () => byId("devices").hidden || this.refresh());
  }

  get microphone() {
    return this.chosen.microphone ?? "";
  }

  get speaker() {
    return canChooseOutput ? (this.chosen.speaker ?? "") : "";
  }

  /** Names are told only once the microphone may be used. `current` is the microphone in use. */
  async refresh(current = this.current) {
    this.current = current;
    byId("devices").hidden = false;
    this.#fill("microphone", await devicesOf("audioinput"), current);
    const outputs = canChooseOutput ? await devicesOf("audiooutput") : [];
    byId("speaker-field").hidden = !outputs.length;
    this.#fill("speaker", outputs, this.speaker);
  }

  hide() {
    byId("devices").hidden = true;
  }

  #wire(kind, chosen) {
    byId(kind).addEventListener("change", ({ target }) => {
      this.chosen[kind] = target.value;
      keep(CHOSEN, this.chosen);
      chosen(target.value);
    });
  }

  #fill(kind, devices, current) {
    const options = devices.map(({ id, label }) => make("option", { value: id, selected: id === current }, label));
    byId(kind).replaceChildren(...options);
  }
}

/** The room of the webhook: where it leads, its secret, a test, and what its last messages came to. */

import { byId, icon, make, setText } from "./dom.js";
import { clock, day, plural } from "./format.js";
import { getJson, onlyServer, send } from "./http.js";
import { isOwner, pressTwice, say, SettingsForm } from "./settings-form.js";
import { ShownOnce } from "./shown-once.js";

const URL_OF_IT = "/api/settings/webhook";
const TEST_MS = 25_000;
const LOOK_MS = 10_000;
const TOPICS = {
  test: "Test",
  traffic_spike: "Traffic spike",
  unusual_purchase: "Unusual purchase",
  hyperactive_user: "Hyperactive user",
};
const STATES = { sent: ["check", "Taken"], failed: ["x", "Given up"], waiting: ["clock", "Waiting"] };
const KINDS = {
  generic: "Each message is signed with a secret.",
  discord: "Discord checks no signature: keep the address to yourself.",
};

export function openWebhook() {
  if (isOwner()) new Room().open();
  else look();
  setInterval(() => {
    if (!document.hidden) look();
  }, LOOK_MS);
}

class Room {
  constructor() {
    this.form = byId("webhook-form");
    this.said = byId("webhook-said");
    this.url = byId("webhook-url");
    this.cooldown = byId("cooldown_minutes");
    this.secret = new ShownOnce("secret", this.said);
    this.settings = new SettingsForm(this.form, { said: this.said, save: () => this.#save() });
  }

  async open() {
    this.form.addEventListener("input", () => this.#hint());
    byId("webhook-test").addEventListener("click", (event) => this.#test(event.currentTarget));
    pressTwice(byId("webhook-rotate"), "The old one ends: make it?", () => this.#order({ rotate_secret: true }));
    pressTwice(byId("webhook-remove"), "Really remove?", () => this.#remove());
    await this.#look();
  }

  async #look() {
    const found = await look();
    if (found) this.#show(found);
  }

  #show({ configured, kind }) {
    setText(byId("webhook-state"), configured ? "On" : "Off");
    byId("webhook-test").disabled = byId("webhook-remove").disabled = !configured;
    byId("webhook-rotate").disabled = !configured || kind === "discord";
  }

  #hint() {
    setText(byId("kind-hint"), KINDS[this.form.elements.kind.value]);
  }

  /** What was changed here, and of the rest what holds now: another tab may have saved it meanwhile. */
  async #values() {
    const now = await getJson(URL_OF_IT);
    const isKindChanged = [...this.form.elements.kind].some((radio) => radio.checked !== radio.defaultChecked);
    return {
      kind: isKindChanged ? this.form.elements.kind.value : now.kind,
      cooldown_minutes: isChanged(this.cooldown) ? Number(this.cooldown.value) : now.cooldown_minutes,
      ...(isChanged(this.url) || !now.url ? { url: this.url.value.trim() } : {}),
    };
  }

  async #save() {
    if (!this.url.value.trim()) {
      this.url.focus();
      throw Object.assign(new Error("Say where messages are to go."), {
        details: [{ field: "url", message: "An address of http:// or https://." }],
      });
    }
    this.#changed(await send("PUT", URL_OF_IT, await this.#values()));
    say(this.said, "Saved. Send a test message to see that it arrives.", "good");
  }

  async #order(more) {
    try {
      this.#changed(await send("PUT", URL_OF_IT, { ...(await this.#values()), ...more }));
      this.settings.kept();
      say(this.said, "There is a new secret. Receivers need it from now on.", "good");
    } catch (error) {
      onlyServer(error);
      say(this.said, error.message, "bad");
    }
  }

  #changed(answer) {
    this.url.value = this.url.defaultValue = answer.url ?? "";
    this.cooldown.value = this.cooldown.defaultValue = String(answer.cooldown_minutes);
    for (const radio of this.form.elements.kind) radio.checked = radio.defaultChecked = radio.value === answer.kind;
    this.#hint();
    if (answer.secret && answer.kind === "generic") this.secret.show(answer.secret);
    else if (answer.secret) this.secret.hide();
    this.#show(answer);
    showDeliveries(answer.deliveries);
  }

  async #test(button) {
    button.disabled = true;
    say(this.said, "Sending …");
    try {
      const { message } = await send("POST", `${URL_OF_IT}/test`, undefined, { timeout: TEST_MS });
      say(this.said, message, "good");
    } catch (error) {
      onlyServer(error);
      say(this.said, error.message, "bad");
    }
    await this.#look();
  }

  async #remove() {
    try {
      await send("DELETE", URL_OF_IT);
      this.url.value = this.url.defaultValue = "";
      this.secret.hide();
      this.settings.kept();
      say(this.said, "Removed. Nobody is told any more.", "good");
    } catch (error) {
      onlyServer(error);
      say(this.said, error.message, "bad");
    }
    await this.#look();
  }
}

const isChanged = (field) => field.value !== field.defaultValue;

async function look() {
  try {
    const found = await getJson(URL_OF_IT);
    showDeliveries(found.deliveries);
    return found;
  } catch (error) {
    onlyServer(error); // the next look may succeed
    return null;
  }
}

function showDeliveries(deliveries) {
  const body = byId("deliveries");
  body.closest("table").hidden = !deliveries.length;
  byId("deliveries-empty").hidden = deliveries.length > 0;
  body.replaceChildren(...deliveries.map(rowOf));
}

function rowOf({ topic, state, attempts, made_at: madeAt, next_at: nextAt, problem }) {
  const [symbol, word] = STATES[state];
  const next = nextAt && attempts ? `, again at ${clock(nextAt)}` : "";
  return make(
    "tr",
    {},
    make("td", { "data-label": "Made" }, make("time", { datetime: madeAt }, `${day(madeAt)}, ${clock(madeAt)}`)),
    make("td", { "data-label": "About" }, TOPICS[topic] ?? topic),
    make(
      "td",
      { "data-label": "What became of it" },
      make("span", { "data-state": state }, icon(symbol), word),
      problem && `: ${problem}`,
      next,
    ),
    make("td.number", { "data-label": "Attempts", title: plural(attempts, "attempt") }, String(attempts)),
  );
}

/** The room of the ignore list. */

import { byId, icon, make, setText } from "./dom.js";
import { getJson, send } from "./http.js";
import { attempt, mayWrite, say, SettingsForm } from "./settings-form.js";

const IGNORED = "/api/settings/ignored";

export async function openIgnored() {
  const said = document.getElementById("ignored-said");
  if (mayWrite()) {
    const form = byId("ignored-form");
    const save = async () => {
      const names = form.elements.names.value.split(/[\s,;]+/).filter(Boolean);
      show(await send("POST", IGNORED, { names }));
      form.reset();
      say(said, "It counts from the next message on.", "good");
    };
    new SettingsForm(form, { said, save });
  }
  show(await getJson(IGNORED).catch(() => ({ names: [] })));

  function show({ names }) {
    setText(byId("ignored-count"), String(names.length));
    byId("ignored-empty").hidden = names.length > 0;
    byId("ignored-list").replaceChildren(...names.map(row));
  }

  function row(name) {
    if (!mayWrite()) return make("li", {}, name);
    const again = make("button", { type: "button", "aria-label": `Record ${name} again`, title: "Record again" }, icon("x"));
    again.addEventListener("click", async () => {
      const left = await attempt(said, () => send("DELETE", `${IGNORED}/${encodeURIComponent(name)}`), `${name} is recorded again.`);
      if (left) show(left);
    });
    return make("li", {}, name, again);
  }
}

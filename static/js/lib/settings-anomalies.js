/** The room of anomalies: seven numbers, saved together. */

import { byId } from "./dom.js";
import { send } from "./http.js";
import { isOwner, say, SettingsForm } from "./settings-form.js";

export function openAnomalies() {
  if (!isOwner()) return;
  const form = byId("anomalies-form");
  const said = byId("anomalies-said");
  const fields = [...form.querySelectorAll("input")];
  const save = async () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, Number(field.value)]));
    await send("PUT", "/api/settings/anomalies", values);
    say(said, "Saved. It counts from the next event on.", "good");
  };
  new SettingsForm(form, { said, save });
  byId("anomalies-reset").addEventListener("click", () => {
    for (const field of fields) field.value = field.dataset.default;
    form.dispatchEvent(new Event("input"));
    if (form.querySelector('[type="submit"]').disabled) say(said, "This is what is usual already.");
  });
}

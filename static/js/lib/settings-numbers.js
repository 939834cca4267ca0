/** A room of numbers that are saved together, and can be set back to what is usual. */

import { byId } from "./dom.js";
import { send } from "./http.js";
import { isOwner, say, SettingsForm } from "./settings-form.js";

export function openNumbers(room, { path, saved }) {
  if (!isOwner()) return;
  const form = byId(`${room}-form`);
  const said = byId(`${room}-said`);
  const fields = [...form.querySelectorAll("input")];
  const save = async () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, Number(field.value)]));
    await send("PUT", path, values);
    say(said, saved, "good");
  };
  new SettingsForm(form, { said, save });
  byId(`${room}-reset`).addEventListener("click", () => {
    for (const field of fields) field.value = field.dataset.default;
    form.dispatchEvent(new Event("input"));
    if (form.querySelector('[type="submit"]').disabled) say(said, "This is what is usual already.");
  });
}

/** A room of numbers that are saved together, and can be set back to what is usual. */

import { byId } from "./dom.js";
import { getJson, send } from "./http.js";
import { isOwner, say, SettingsForm } from "./settings-form.js";

/** `values(answer)`: the numbers in what `path` answers. */
export function openNumbers(room, { path, values, saved }) {
  if (!isOwner()) return;
  const form = byId(`${room}-form`);
  const said = byId(`${room}-said`);
  const fields = [...form.querySelectorAll("input")];
  let isReset = false; // then all are meant, and not those alone that were changed here
  const save = async () => {
    // Another tab, or somebody else, may have saved others meanwhile: these stay as they are now.
    const now = values(await getJson(path));
    const meant = fields.filter((field) => isReset || field.value !== field.defaultValue);
    const order = { ...now, ...Object.fromEntries(meant.map((field) => [field.name, Number(field.value)])) };
    const kept = values(await send("PUT", path, order));
    for (const field of fields) field.value = field.defaultValue = String(kept[field.name]);
    isReset = false;
    say(said, saved, "good");
  };
  new SettingsForm(form, { said, save });
  byId(`${room}-reset`).addEventListener("click", () => {
    for (const field of fields) field.value = field.dataset.default;
    isReset = true;
    form.dispatchEvent(new Event("input"));
    if (form.querySelector('[type="submit"]').disabled) say(said, "This is what is usual already.");
  });
}

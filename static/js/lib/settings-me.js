/** The room of one's own account: the password, and all sessions. */

import { byId } from "./dom.js";
import { goToLogin, send } from "./http.js";
import { attempt, pressTwice, say, SettingsForm } from "./settings-form.js";

const ME = "/api/accounts/me";

export function openMe() {
  if (document.getElementById("me-form")) openPassword(byId("me-form"), byId("me-said"));
  const button = document.getElementById("sign-out-everywhere");
  if (!button) return;
  pressTwice(button, "Really, on all devices?", async () => {
    if (await attempt(byId("sign-out-said"), () => send("POST", `${ME}/sign-out`))) goToLogin();
  });
}

function openPassword(form, said) {
  const { old, password } = form.elements;
  const save = async () => {
    await send("PUT", `${ME}/password`, { old: old.value, new: password.value });
    old.value = password.value = "";
    say(said, "Changed. Other browsers are signed out.", "good");
  };
  new SettingsForm(form, { said, save });
}

/** How something is connected: large while nothing has come, folded up afterwards; its lines can be copied. */

import { byId, icon, make } from "./dom.js";
import { toast } from "./toast.js";

const SAID_MS = 2000;

export class ConnectPanel {
  /** `page` gets the class `emptyClass` while there is nothing. */
  constructor(page, emptyClass) {
    Object.assign(this, { page, emptyClass });
    this.details = byId("connect").querySelector("details");
    for (const button of byId("connect").querySelectorAll("[data-copy]"))
      button.addEventListener("click", () => copy(button));
  }

  /** Without anything the rest of the page has nothing to say, and steps back. */
  setEmpty(isEmpty) {
    if (isEmpty === this.isEmpty) return;
    this.isEmpty = isEmpty;
    this.page.classList.toggle(this.emptyClass, isEmpty);
    byId("connect-hero").hidden = !isEmpty;
    this.details.open = isEmpty;
  }
}

async function copy(button) {
  const text = byId(button.dataset.copy).textContent;
  if (!(await copied(text))) {
    select(byId(button.dataset.copy));
    toast("Your browser does not let pages copy: it is marked, press Ctrl C", { icon: "info" });
    return;
  }
  button.replaceChildren(icon("check"), make("span", {}, "Copied"));
  setTimeout(() => button.replaceChildren(icon("copy"), make("span", {}, "Copy")), SAID_MS);
}

/** The clipboard belongs to pages over TLS and of this machine. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function select(element) {
  getSelection().selectAllChildren(element);
}

/** Wires the library's page: its three parts, the address they share, and how to begin where there is nothing. */

import { byId } from "../lib/dom.js";
import { onlyServer } from "../lib/http.js";
import { goTo, placeFromAddress } from "../lib/library-address.js";
import { listRecords } from "../lib/library-api.js";
import { Members } from "../lib/library-members.js";
import { Overview } from "../lib/library-overview.js";
import { Records } from "../lib/library-records.js";
import { Tabs } from "../lib/tabs.js";

const canWrite = Boolean(byId("library").dataset.canWrite);

const rooms = {
  overview: new Overview(),
  members: new Members(),
  records: new Records({ canWrite, changed }),
};
let following = false; // the address is as it should be: a tab that is shown because of it does not change it

const tabs = new Tabs(byId("library-tabs"), (name) => {
  const room = rooms[name];
  if (!following) goTo(room.place);
  room.follow(placeFromAddress());
});

function followAddress() {
  following = true;
  tabs.show(placeFromAddress().tab);
  following = false;
}

/** Links to other places on this page need no reload; with a modifier the browser does what it always does. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('main a[href^="/library?"], dialog a[href^="/library?"]');
  if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  goTo(placeFromAddress(new URL(link.href).search));
  followAddress();
});

function changed() {
  rooms.overview.forget();
  rooms.members.forget();
  if (tabs.current !== "records") followAddress(); // what is in sight is asked anew at once
  begin();
}

/** Where there is neither a plan nor a user nor a title, the page says how to get some. */
async function begin() {
  try {
    const found = await Promise.all(["plans", "users", "content"].map((kind) => listRecords(kind, { limit: 1 })));
    const vacant = found.every(({ data }) => !data.length);
    byId("begin").hidden = !vacant;
    byId("library").classList.toggle("vacant", vacant);
  } catch (error) {
    onlyServer(error); // each part of the page says so by itself
  }
}

if (canWrite) byId("begin-add").addEventListener("click", () => rooms.records.add("plans"));
addEventListener("popstate", followAddress);
begin();
followAddress();

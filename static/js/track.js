/* Reports what visitors of a shop do: <script async src="https://…/static/js/track.js" data-key="…"></script>.
   Then streampulse("add_to_cart", {amount: 9.9}). No cookie; nothing for who asked not to be tracked. */
(() => {
  "use strict";
  const tag = document.currentScript;
  const { key = "", user, endpoint = new URL("/track", tag.src).href } = tag.dataset;
  const off = navigator.doNotTrack === "1" || window.doNotTrack === "1" || navigator.globalPrivacyControl === true;
  const address = `${endpoint}?key=${encodeURIComponent(key)}`;
  const number = () => {
    const words = crypto.getRandomValues(new Uint32Array(4));
    return Array.from(words, (word) => word.toString(36)).join("");
  };

  function track(type, data = {}) {
    if (off) return;
    const event = { event_type: type, event_id: number(), data };
    // Asked each time: somebody may have logged in since.
    if (tag.dataset.user || user) event.user_id = tag.dataset.user || user;
    const body = JSON.stringify(event);
    // As plain text no browser asks first whether it may.
    const sent = navigator.sendBeacon && navigator.sendBeacon(address, new Blob([body], { type: "text/plain" }));
    if (!sent) fetch(address, { method: "POST", body, keepalive: true, credentials: "omit" }).catch(() => {});
  }

  let last;
  const look = () => {
    if (location.pathname + location.search === last) return;
    last = location.pathname + location.search;
    track("page_view", { path: location.pathname, title: document.title.slice(0, 200) });
  };
  for (const name of ["pushState", "replaceState"]) {
    const change = history[name];
    history[name] = function (...given) {
      const result = change.apply(this, given);
      look();
      return result;
    };
  }
  addEventListener("popstate", look);
  window.streampulse = track;
  look();
})();

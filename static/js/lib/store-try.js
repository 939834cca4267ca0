/** Test events: they take the way of real ones, as a visitor of this page's own. */

import { byId, setText } from "./dom.js";
import { onlyServer } from "./http.js";
import { track } from "./store-api.js";
import { stepWords } from "./store-words.js";
import { toast } from "./toast.js";

const KEY = "store-test-user";

/** What a shop would tell of each step. */
const DATA = {
  page_view: { page: "/" },
  product_view: { product: "Test mug", product_id: "test-mug" },
  add_to_cart: { product: "Test mug", quantity: 1, price: 19.9 },
  user_signup: { plan: "test" },
  purchase: { product: "Test mug", amount: 19.9 },
};

export class TestEvents {
  /** `sent()` is called when one is stored. */
  constructor(sent) {
    this.sent = sent;
    this.said = byId("try-said");
    this.user = sessionStorage.getItem(KEY) ?? this.#newUser();
    setText(byId("test-user"), this.user);
    byId("test-anew").addEventListener("click", () => setText(byId("test-user"), this.#newUser()));
    byId("try").addEventListener("click", (event) => {
      const button = event.target.closest("[data-type]");
      if (button) this.#send(button);
    });
  }

  #newUser() {
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    this.user = `test-visitor-${number.toString(36).slice(0, 5)}`;
    sessionStorage.setItem(KEY, this.user);
    return this.user;
  }

  async #send(button) {
    const type = button.dataset.type;
    button.setAttribute("aria-disabled", "true");
    try {
      await track({ event_type: type, user_id: this.user, data: { ...DATA[type], source: "test button" } });
      setText(this.said, `${stepWords(type)} stored`);
      this.sent();
    } catch (error) {
      onlyServer(error);
      setText(this.said, `Not stored: ${error.message}`);
      toast(error.message, { icon: "circle-alert", attention: true });
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }
}

/** The last items by id: a removal names only ids, and the ticker must lose the words that go with them. */

const MOST = 400;

export class ItemMemory {
  #items = new Map();

  remember(items) {
    for (const item of items) this.#items.set(item.id, item);
    while (this.#items.size > MOST) this.#items.delete(this.#items.keys().next().value);
  }

  /** The items of these ids, as far as they are still known. */
  those(ids) {
    return ids.map((id) => this.#items.get(id)).filter(Boolean);
  }
}

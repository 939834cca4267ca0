/** The leaderboard of an overlay: who leads this stream or all time, asked for anew every few seconds. */

import { platformBadge } from "./chat-line.js";
import { part, setText } from "./dom.js";
import { compact, roughly } from "./format.js";
import { getJson, query } from "./http.js";
import { showRanking } from "./ranking.js";

const LEADERS = 5;
const REFRESH_MS = 10_000;
const TITLES = {
  coins: "Top gifters",
  watchtime: "Longest watching",
  visits: "Most visits",
  gifts: "Most gifts",
  comments: "Top chatters",
  likes: "Most likes",
  shares: "Most shares",
};

export class Leaderboard {
  constructor(root, { type, scope }, { filter, token }) {
    this.root = root;
    this.write = type === "watchtime" ? roughly : compact;
    this.path = `/api/overlay/leaderboard${query({ type, scope, limit: LEADERS, ...filter })}`;
    this.token = token;
    setText(part(root, "title"), scope === "all" ? `${TITLES[type]}, all time` : TITLES[type]);
    root.setAttribute("aria-label", TITLES[type]);
    this.refresh();
    setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** What cannot be asked for now stays as it is. */
  async refresh() {
    const answer = await getJson(this.path, { token: this.token }).catch(() => null);
    if (!answer) return;
    showRanking(
      part(this.root, "leaders"),
      answer.map((one) => ({
        name: one.display_name || one.username,
        count: one.value,
        text: this.write(one.value),
        key: `${one.platform}/${one.username}`,
        mark: () => platformBadge(one.platform),
      })),
    );
    this.root.classList.toggle("vacant", !answer.length);
  }
}

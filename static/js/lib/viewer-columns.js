/** Matching the columns of somebody's file with our fields: one choice for each, with samples of what stands in it. */

import { make } from "./dom.js";

/** field → words; in the order they are offered. */
const FIELDS = {
  username: "Username",
  platform_user_id: "Platform id",
  platform: "Platform",
  display_name: "Display name",
  coins: "Coins",
  watchtime_hours: "Watchtime in hours",
  watchtime_seconds: "Watchtime in seconds",
  visits: "Visits",
  gifts: "Gifts",
  comments: "Comments",
  likes: "Likes",
  shares: "Shares",
  first_seen_at: "First seen",
  vip_tier: "VIP tier",
  birthday: "Birthday",
  notes: "Notes",
  tags: "Tags",
  discord_username: "Discord name",
  tts_voice: "Voice",
  is_favorite: "Favourite",
  is_moderator: "Moderator",
  is_blocked: "Blocked",
  country: "Country",
  language: "Language",
  gender: "Gender",
};

export class ColumnMatcher {
  /** `head` as of headOf, `guessed`: their column → our field or null; `changed()` after each choice. */
  constructor({ columns, samples }, guessed, changed) {
    this.columns = columns;
    this.platforms = make(
      "select.input.compact",
      { id: "import-platform" },
      make("option", { value: "tiktok" }, "TikTok"),
      make("option", { value: "twitch" }, "Twitch"),
    );
    this.choices = columns.map((column) => choice(column, guessed[column] ?? ""));
    this.note = make("p.field-error", { role: "status" });
    const rows = columns.map((column, at) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, make("bdi", {}, column || `Column ${at + 1}`)),
        make("td", {}, this.choices[at]),
        make(
          "td.faint",
          {},
          make(
            "bdi",
            {},
            samples
              .map((cells) => cells[at])
              .filter(Boolean)
              .slice(0, 2)
              .join(", ") || "–",
          ),
        ),
      ),
    );
    this.element = make(
      "div.columns",
      {},
      make(
        "div.columns-platform",
        {},
        make("label", { for: "import-platform" }, "People without a platform of their own are on"),
        this.platforms,
      ),
      make(
        "table.table.columns-table",
        {},
        make("caption.visually-hidden", {}, "Columns of the file"),
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            make("th", { scope: "col" }, "In the file"),
            make("th", { scope: "col" }, "Means"),
            make("th", { scope: "col" }, "For example"),
          ),
        ),
        make("tbody", {}, ...rows),
      ),
      this.note,
    );
    this.element.addEventListener("change", () => {
      this.#check();
      changed();
    });
    this.#check();
  }

  /** Their column → our field. */
  get mapping() {
    return Object.fromEntries(
      this.columns.map((column, at) => [column, this.choices[at].value || null]).filter(([, field]) => field),
    );
  }

  get platform() {
    return this.platforms.value;
  }

  get ready() {
    return !this.problem;
  }

  #check() {
    const chosen = this.choices.map(({ value }) => value).filter(Boolean);
    const twice = chosen.find((field, at) => chosen.indexOf(field) !== at);
    if (!chosen.includes("username") && !chosen.includes("platform_user_id"))
      this.problem = "Say which column is the username.";
    else if (twice) this.problem = `Two columns are “${FIELDS[twice]}”: one of them must be left out.`;
    else this.problem = "";
    this.note.textContent = this.problem;
  }
}

function choice(column, field) {
  return make(
    "select.input.compact",
    { "aria-label": `What ${column} means` },
    make("option", { value: "" }, "Leave out"),
    ...Object.entries(FIELDS).map(([value, words]) => make("option", { value, selected: value === field }, words)),
  );
}

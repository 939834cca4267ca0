/** What the list says where it shows nobody, and what to do next. */

import { empty } from "./dom.js";
import { whereChannelsAreSet } from "./where-channels.js";

const SEARCHED = "A name is found by how it begins, and from three letters on by any part of it.";

export function nobody({ search, filter }) {
  return search ? empty("search", `Nobody is called “${search}”`, SEARCHED) : empty(...NOBODY[filter]);
}

const NOBODY = {
  all: [
    "users-round",
    "Nobody yet",
    ["Whoever writes, gives or joins stands here at once. ", ...whereChannelsAreSet()],
    "Or bring a list from another system with Import, above.",
  ],
  vip: [
    "crown",
    "No VIPs yet",
    "People are promoted by themselves once they reach a tier: what that takes is said under VIP tiers, above. Or open somebody and set a tier by hand.",
  ],
  active: [
    "activity",
    "Nobody in the last 30 days",
    "They come back to this list with the first thing they do on a stream.",
  ],
  favorites: ["star", "No favourites yet", "Open somebody and press the star: favourites are found here."],
};

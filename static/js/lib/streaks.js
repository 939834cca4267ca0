/** Gift streaks: TikTok tells of every tick of one, and what belongs together is shown as one line that counts up. */

const NO_GROUP = ":0"; // how a streak's name ends that the platform gave no group

/** How many gifts an item tells of: of a streak all so far, of which this tick may have brought but one. */
export function giftCount(item) {
  return item.extra?.count ?? item.extra?.quantity ?? 1;
}

/** What these gifts cost together. */
export function giftCoins(item) {
  const price = item.extra?.diamonds;
  return item.extra?.count && price ? item.extra.count * price : item.amount;
}

/** Whether `later` is a tick of the streak that `earlier` is of. */
export function continuesStreak(earlier, later) {
  const name = later.extra?.streak;
  if (!name || keyOf(earlier) !== keyOf(later)) return false;
  // Without a group a streak is told apart from the next only by its end, or by a count that does not grow.
  return !name.endsWith(NO_GROUP) || (!earlier.extra.ended && giftCount(later) > giftCount(earlier));
}

function keyOf({ kind, platform, channel, login, extra }) {
  if (!extra?.streak) return "";
  return JSON.stringify([kind, platform, channel, login, extra.gift_id ?? extra.name, extra.streak]);
}

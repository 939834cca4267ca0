/** Which channel is shown, kept in the address so that it can be bookmarked and gone back to. */

const NAME = /^[A-Za-z0-9_.]{1,30}$/;
const PLATFORMS = ["twitch", "tiktok"];

/** {} or {channel, platform?}; what is not a channel name is passed over. */
export function filterFromAddress(search = location.search) {
  const parameters = new URLSearchParams(search);
  const filter = {};
  const channel = parameters.get("channel")?.replace(/^[#@]/, "") ?? "";
  const platform = parameters.get("platform")?.toLowerCase() ?? "";
  if (NAME.test(channel)) filter.channel = channel.toLowerCase();
  if (PLATFORMS.includes(platform)) filter.platform = platform;
  return filter;
}

export function filterToAddress(filter) {
  const url = new URL(location.href);
  for (const name of ["channel", "platform"]) {
    if (filter[name]) url.searchParams.set(name, filter[name]);
    else url.searchParams.delete(name);
  }
  history.pushState(null, "", url);
}

/** Somebody who leaves the page with something unsaved is asked first, in the browser's own words. */

export function askBeforeLeaving(isUnsaved) {
  addEventListener("beforeunload", (event) => {
    if (isUnsaved()) event.preventDefault();
  });
}

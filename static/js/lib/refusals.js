/** What the server says of a form's fields, as sentences. */

/** The words without the name of the field before them. */
export function sentence(message) {
  const words = message.replace(/^[\w.]+: /, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

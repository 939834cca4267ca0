/** Draws the API document with Swagger UI, from this machine's own files only. */

import { byId } from "../lib/dom.js";

const { SwaggerUIBundle } = globalThis;
if (!SwaggerUIBundle) throw new Error("Swagger UI is missing: run bin/assets");

SwaggerUIBundle({
  domNode: byId("api"),
  url: byId("api").dataset.spec,
  validatorUrl: null, // the usual one sends the document to somebody else's server
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: false,
});

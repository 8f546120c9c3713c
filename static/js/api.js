// Draws the OpenAPI document with Swagger UI, when JavaScript is there; the JSON is linked for everybody.

/** The Swagger UI at hand reads OpenAPI 3.0: what 3.1 writes as `type: [x, "null"]` becomes `nullable`. For display only. */
function asOpenApi30(part) {
  if (Array.isArray(part)) return part.map(asOpenApi30);
  if (part === null || typeof part !== "object") return part;
  const copy = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, asOpenApi30(value)]));
  if (Array.isArray(copy.type)) {
    copy.nullable = copy.type.includes("null");
    copy.type = copy.type.find((type) => type !== "null");
  }
  return copy;
}

const place = document.getElementById("api");
const answer = await fetch(place.dataset.openapi);
const spec = { ...asOpenApi30(await answer.json()), openapi: "3.0.3" };
window.SwaggerUIBundle({ spec, domNode: place, deepLinking: true, defaultModelsExpandDepth: 0 });

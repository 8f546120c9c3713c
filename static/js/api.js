// Draws the OpenAPI document with Swagger UI, when JavaScript is there; the JSON is linked for everybody.
const place = document.getElementById("api");
window.SwaggerUIBundle({ url: place.dataset.openapi, domNode: place, deepLinking: true, defaultModelsExpandDepth: 0 });

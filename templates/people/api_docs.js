"use strict";
// The session's CSRF token is sent along, so that "Try it out" works for whoever is signed in.
function token() {
  const match = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return match ? decodeURIComponent(match[1]) : "";
}
SwaggerUIBundle({
  url: "{% url 'api-schema' %}?format=json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor: function (request) {
    if (token()) { request.headers["X-CSRFToken"] = token(); }
    return request;
  },
});

// More text than this makes the page colour it for seconds; the answer itself is not cut, only what is shown of it.
const SHOWN_CHARACTERS = 100_000;

const isDark = matchMedia("(prefers-color-scheme: dark)");
const followTheme = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", followTheme);
followTheme();

function shorten(response) {
  const text = response.text;
  if (typeof text !== "string" || text.length <= SHOWN_CHARACTERS || response.url.endsWith("/openapi.json")) {
    return response;
  }
  const cut = `${text.slice(0, SHOWN_CHARACTERS)}\n... and ${text.length - SHOWN_CHARACTERS} characters more`;
  const headers = { ...response.headers, "content-type": "text/plain" };
  return { ...response, headers, text: cut, data: cut, body: cut, obj: cut };
}

window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    responseInterceptor: shorten,
  });
};

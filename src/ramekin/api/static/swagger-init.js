// More text than this makes the page colour it for seconds. What is shown is cut there; Download saves all of the answer.
const SHOWN_CHARACTERS = 20_000;

const isDark = matchMedia("(prefers-color-scheme: dark)");
const followTheme = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", followTheme);
followTheme();

// Whole answers by what is shown of them.
const wholes = new Map();

function shorten(response) {
  const text = response.text;
  if (typeof text !== "string" || text.length <= SHOWN_CHARACTERS || response.url.endsWith("/openapi.json")) {
    return response;
  }
  const cut = `${text.slice(0, SHOWN_CHARACTERS)}\n... and ${text.length - SHOWN_CHARACTERS} characters more: Download saves all`;
  const type = response.headers["content-type"];
  wholes.set(cut.trim(), { name: nameOf(response.url, type), blob: new Blob([text], { type }) });
  const headers = { ...response.headers, "content-type": "text/plain", "content-type of the whole answer": type };
  return { ...response, headers, text: cut, data: cut, body: cut, obj: cut };
}

function nameOf(url, type = "") {
  const ending = { "application/json": "json", "application/x-ndjson": "ndjson", "text/csv": "csv" }[type.split(";")[0]] ?? "txt";
  return `${new URL(url).pathname.split("/").at(-1)}.${ending}`;
}

function download(event) {
  const button = event.target.closest?.(".download-contents");
  const whole = wholes.get(button?.closest(".highlight-code").querySelector(".microlight")?.textContent.trim());
  if (!whole) return;
  event.stopPropagation();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(whole.blob);
  link.download = whole.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
addEventListener("click", download, true);

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

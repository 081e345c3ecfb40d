// Longer text takes Swagger UI seconds to colour: of a longer answer the beginning is shown, as it came.
const SHOWN_BYTES = 20_000;

// How the files of answers end.
const ENDINGS = { "application/x-ndjson": ".ndjson", "text/csv": ".csv", "text/html": ".html", "text/plain": ".txt" };

const isDark = matchMedia("(prefers-color-scheme: dark)");
const followTheme = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", followTheme);
followTheme();

const kindOf = (type) => type.split(";")[0].trim().toLowerCase();
const isShortJson = (bytes) => /[/+]json$/.test(kindOf(bytes.type)) && bytes.size <= SHOWN_BYTES;
const isLeftToSwagger = (bytes) => bytes.size === 0 || isShortJson(bytes);

// Swagger UI parses all text, as YAML where it is not JSON, which takes seconds. Bytes it keeps as they are.
async function fetchBytes(address, options) {
  const answer = await fetch(address, options);
  const { ok, url, status, statusText, headers } = answer;
  const bytes = await answer.blob();
  const text = () => (isLeftToSwagger(bytes) ? bytes.text() : bytes);
  return { ok, url, status, statusText, headers, text: async () => text(), blob: async () => bytes };
}

function readAnswersAsBytes(request) {
  return request.loadSpec ? request : Object.assign(request, { userFetch: fetchBytes });
}

// `/api/v1/dump/users` as CSV is `users.csv`.
function fileName(address, type) {
  const last = new URL(address, document.baseURI).pathname.split("/").pop();
  return last + (ENDINGS[kindOf(type)] ?? ".json");
}

// What Swagger UI would colour for seconds, or save under another name: its beginning, and all of it as a file.
function wholeAnswer({ createElement, useEffect, useState }) {
  return function WholeAnswer({ bytes, url }) {
    const [shown, show] = useState({ text: "", file: "" });
    useEffect(() => {
      let isGone = false;
      const file = URL.createObjectURL(bytes);
      bytes.slice(0, SHOWN_BYTES).text().then((text) => isGone || show({ text, file }));
      return () => {
        isGone = true;
        URL.revokeObjectURL(file);
      };
    }, [bytes]);
    const rest = bytes.size - SHOWN_BYTES;
    const name = fileName(url, bytes.type);
    const link = { href: shown.file, download: name, style: { color: "inherit" } };
    return createElement(
      "div",
      null,
      createElement("h5", null, "Response body"),
      createElement("p", null, createElement("a", link, `Download ${name}`)),
      createElement(
        "div",
        { className: "highlight-code" },
        createElement("pre", { className: "microlight" }, shown.text, rest > 0 && `\n... and ${rest} bytes more`),
      ),
    );
  };
}

function showWholeAnswers({ React }) {
  const WholeAnswer = wholeAnswer(React);
  const isOurs = ({ content, headers }) =>
    content instanceof Blob && content.size > 0 && !("content-disposition" in headers);
  const wrap = (Original) => (props) =>
    isOurs(props)
      ? React.createElement(WholeAnswer, { bytes: props.content, url: props.url })
      : React.createElement(Original, props);
  return { wrapComponents: { responseBody: wrap } };
}

// Parts that Swagger UI draws anew with every step of a request, for each operation of the page, though they are as they were:
// half a second, where they are drawn again only if something that they show has changed. A text is its words alone.
function drawOnlyWhatChanges({ React }) {
  const isSame = (one, other) => one === other || (typeof one?.equals === "function" && one.equals(other));
  const areSame = (names) => (now, next) => (names ?? Object.keys({ ...now, ...next })).every((name) => isSame(now[name], next[name]));
  const once = (names) => (Original) => {
    const Kept = React.memo((props) => React.createElement(Original, props), areSame(names));
    return (props) => React.createElement(Kept, props);
  };
  return { wrapComponents: { OperationSummary: once(), response: once(), Markdown: once(["source", "className"]) } };
}

// The parts of a document that one operation leads to.
function partFor(path, { components, ...rest }) {
  const { securitySchemes } = components;
  const kept = securitySchemes ? { securitySchemes } : {};
  const follow = (reference) => {
    const [, , kind, name] = reference.split("/"); // "#/components/schemas/User"
    if (kept[kind]?.[name] !== undefined) return;
    (kept[kind] ??= {})[name] = components[kind][name];
    walk(kept[kind][name]);
  };
  const walk = (value) => {
    if (typeof value?.$ref === "string") follow(value.$ref);
    if (value !== null && typeof value === "object") Object.values(value).forEach(walk);
  };
  const paths = { [path]: rest.paths[path] };
  walk(paths);
  return { ...rest, paths, components: kept };
}

// Swagger UI understands the whole document anew for each operation that is opened, which takes a second.
function understandOnlyWhatIsOpened() {
  return {
    afterLoad() {
      const { resolveSubtree } = this.fn;
      this.fn.resolveSubtree = (document, place, options) =>
        resolveSubtree(place[0] === "paths" ? partFor(place[1], document) : document, place, options);
    },
  };
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
    plugins: [showWholeAnswers, drawOnlyWhatChanges, understandOnlyWhatIsOpened],
    layout: "BaseLayout",
    requestInterceptor: readAnswersAsBytes,
  });
};

const DARK = {
  colors: {
    primary: { main: "#7aa7ff" },
    text: { primary: "#e4e7ec", secondary: "#aab2bf" },
    border: { dark: "#3a414d", light: "#2a303a" },
    http: { get: "#4caf7d", post: "#5b9bd5", put: "#c09a4f", delete: "#d9705f", patch: "#b58ad6" },
  },
  schema: { nestedBackground: "#1d222a", typeNameColor: "#aab2bf", typeTitleColor: "#aab2bf" },
  sidebar: { backgroundColor: "#12161c", textColor: "#e4e7ec" },
  rightPanel: { backgroundColor: "#0c0f14" },
  typography: { code: { color: "#f0a8a0", backgroundColor: "#232933" }, links: { color: "#7aa7ff" } },
};

// What ReDoc's theme cannot say: colours that it has in its code.
const DARK_STYLE = `
  h5 { color: #aab2bf !important; border-color: #2a303a !important; }
  .react-tabs__tab--selected { background: #2a303a !important; color: #fff !important; }
`;

window.onload = () => {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.style.background = isDark ? "#171b22" : "";
  if (isDark) document.head.append(Object.assign(document.createElement("style"), { textContent: DARK_STYLE }));
  const options = { disableSearch: false, hideDownloadButton: false, ...(isDark && { theme: DARK }) };
  Redoc.init("openapi.json", options, document.getElementById("redoc"));
};

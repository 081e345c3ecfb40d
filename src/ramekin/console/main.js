// Where the console begins. See `address.js` for what is shown, `views.js` for by what.
import { render } from "preact";
import { IS_LOST } from "./address.js";
import { Lost } from "./shell/lost.js";
import { Shell } from "./shell/shell.js";
import { keepFocus } from "./ui/focus.js";
import { html } from "./ui/html.js";

const place = /** @type {HTMLElement} */ (document.getElementById("console"));
place.replaceChildren();
keepFocus();
render(html`<${IS_LOST ? Lost : Shell} />`, place);

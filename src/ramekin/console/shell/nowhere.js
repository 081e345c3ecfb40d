// What stands at an address that is no view.
import { link } from "../address.js";
import { Empty } from "../ui/empty.js";
import { html } from "../ui/html.js";

export default function Nowhere() {
  return html`<${Empty} icon="fault" title="There is no such view"><p><a href=${link(["tables"])}>Go to the tables</a></p><//>`;
}

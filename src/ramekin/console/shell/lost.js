// What stands at the address of a branch that is not there: nothing is asked of it, since to use a branch makes it.
import { BRANCH, ICON, ROOT } from "../address.js";
import { Empty } from "../ui/empty.js";
import { html } from "../ui/html.js";

export function Lost() {
  document.title = "No such branch · Ramekin";
  return html`<header class="top"><a class="brand" href=${`${ROOT}/console`}><img src=${ICON} alt="" width="22" height="22" />Ramekin</a></header>
    <main><${Empty} icon="branch" title=${`There is no branch ${BRANCH}`}>
      <p>It may have been dropped, or its time may be over.</p>
      <p class="row"><a class="button main" href=${`${ROOT}/console/branches`}>Look at the branches</a><a class="button" href=${`${ROOT}/console/tables`}>Go to the tables</a></p>
    <//></main>`;
}

// The server's clock: set, stopped, moved on; for what happens only after an hour or a year.
import { useEffect, useState } from "preact/hooks";
import { read } from "../server.js";
import { CLOCK, inWords, look } from "../shell/purpose.js";
import { refresh } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";

const STEPS = [["A minute", 60], ["An hour", 3600], ["A day", 86_400], ["30 days", 2_592_000], ["A year", 31_536_000]];

export default function Clock() {
  const [clock, setClock] = useState(/** @type {import("../shell/purpose.js").Time | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [moment, setMoment] = useState("");
  /** @type {(asking?: any) => Promise<void>} */
  const ask = (asking) => read(CLOCK, asking).then((answer) => (answer ? setClock(answer) : ask()), setError);
  useEffect(() => {
    void ask();
    const timer = setInterval(() => !document.hidden && void ask(), 1_000);
    return () => clearInterval(timer);
  }, []);
  const put = (/** @type {any} */ body) => {
    setError(null);
    return ask({ method: "PUT", body }).then(() => Promise.all([refresh(), look()]));
  };
  return html`<section class="pad stack" aria-label="Clock">
    <div class="title"><h1>Clock</h1><p class="faint">Due times, changes, defaults and ids go by it.</p></div>
    ${clock && html`<p class="clock"><time class="figure" datetime=${clock.now} aria-label="The server's time">${clock.now.slice(0, 19).replace("T", " ")}</time>
      <span class="chip ${clock.is_real ? "" : "warn"}">${inWords(clock)}</span></p>`}
    ${error && html`<${Fault} error=${error} />`}
    <div class="row"><strong>Move on</strong>${STEPS.map(([name, seconds]) => html`<${Button} key=${name} onClick=${() => put({ advance_s: seconds })}>${name}<//>`)}</div>
    <div class="row">
      <label class="row">Set it to (UTC)<input type="datetime-local" step="1" value=${moment} onInput=${(/** @type {any} */ event) => setMoment(event.target.value)} /></label>
      <${Button} disabled=${!moment} onClick=${() => put({ now: `${moment.length === 16 ? `${moment}:00` : moment}Z`, is_frozen: clock?.is_frozen ?? false })}>Set<//>
    </div>
    <div class="row">
      <${Button} icon=${clock?.is_frozen ? "play" : "pause"} disabled=${!clock} onClick=${() => clock && put({ now: clock.now, is_frozen: !clock.is_frozen })}>${clock?.is_frozen ? "Let it go on" : "Stop it"}<//>
      <${Button} icon="clock" disabled=${clock?.is_real ?? true} onClick=${() => ask({ method: "DELETE" }).then(look)}>Back to the real time<//>
    </div>
  </section>`;
}

// Faults on purpose: rules by which the server answers late, wrongly or not at all.
import { useEffect, useState } from "preact/hooks";
import { read, send } from "../server.js";
import { FAULTS, look } from "../shell/purpose.js";
import { tables } from "../tables/catalog.js";
import { Button } from "../ui/button.js";
import { Empty } from "../ui/empty.js";
import { Fault } from "../ui/fault.js";
import { html } from "../ui/html.js";
import { Form } from "../ui/once.js";
import { say, sayFault } from "../ui/toast.js";

const WHAT = [["delay", "answer late"], ["status", "answer with an error"], ["drop", "close the connection"]];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
// Without a path a rule would strike the console's own modules too.
const START = { method: "", table: "", path: "/api/*", what: "delay", delay: "500", status: "503", every: "", count: "", late: false };

export default function Faults() {
  const [rules, setRules] = useState(/** @type {any[] | null} */ (null));
  const [made, setMade] = useState(START);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => void read(FAULTS).then((answer) => setRules(answer.rules), setError), []);
  const store = async (/** @type {any[]} */ next, /** @type {string} */ done) => {
    setError(null);
    try {
      if (next.length) await send("PUT", FAULTS, { body: { rules: next } });
      else await send("DELETE", FAULTS);
      setRules(next);
      void look();
      say(done);
      return true;
    } catch (caught) {
      setError(caught);
      return false;
    }
  };
  const put = (/** @type {string} */ name) => (/** @type {any} */ event) => setMade({ ...made, [name]: event.target.type === "checkbox" ? event.target.checked : event.target.value });
  const add = async () => (await store([...(rules ?? []), ruleOf(made)], "From now on, the rule holds")) && setMade((now) => (now === made ? START : now));
  return html`<section class="pad stack" aria-label="Faults">
    <div class="title"><h1>Faults on purpose</h1><p class="faint">The first rule that fits a request strikes it. What you do here is struck, too.</p><span class="grow"></span>
      <${Button} icon="trash" disabled=${!rules?.length} onClick=${() => store([], "There are no faults any more").catch(sayFault)}>Remove all<//></div>
    ${error && html`<${Fault} error=${error} />`}
    ${rules?.length ? html`<ol class="rules" aria-label="Rules">${rules.map((rule, place) => html`<li key=${place}><span>${told(rule)}</span>
        <${Button} icon="close" label=${`Remove rule ${place + 1}`} kind="quiet" onClick=${() => store(rules.toSpliced(place, 1), "Removed the rule")} /></li>`)}</ol>`
      : rules && html`<${Empty} icon="fault" title="Nothing fails on purpose"><p>Add a rule below, and see what your program does.</p><//>`}
    <${Form} class="board stack" aria-label="New rule" onSubmit=${add}>
      <div class="builder">
        <label class="field">Requests<select aria-label="Method" value=${made.method} onChange=${put("method")}><option value="">any method</option>${METHODS.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>
        <label class="field">of the table<select aria-label="Table" value=${made.table} onChange=${put("table")}><option value="">any</option>${tables.value.map(({ name }) => html`<option key=${name}>${name}</option>`)}</select></label>
        <label class="field">with the path<input value=${made.path} placeholder="any; * for anything" onInput=${put("path")} /></label>
        <label class="field">What happens<select aria-label="What happens" value=${made.what} onChange=${put("what")}>${WHAT.map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}</select></label>
        ${made.what === "delay" && html`<label class="field">Milliseconds<input type="number" min="1" max="600000" value=${made.delay} onInput=${put("delay")} /></label>`}
        ${made.what === "status" && html`<label class="field">Status<input type="number" min="400" max="599" value=${made.status} onInput=${put("status")} /></label>`}
        <label class="field">One time in<input type="number" min="1" value=${made.every} placeholder="1: each time" onInput=${put("every")} /></label>
        <label class="field">Times that it strikes<input type="number" min="1" value=${made.count} placeholder="without end" onInput=${put("count")} /></label>
      </div>
      ${made.what !== "delay" && html`<label class="row"><input type="checkbox" checked=${made.late} onChange=${put("late")} />apply the request first, then fail it</label>`}
      <div class="row"><${Button} icon="add" kind="main" type="submit">Add the rule<//></div>
    <//>
  </section>`;
}

/** @param {typeof START} made */
function ruleOf({ method, table, path, what, delay, status, every, count, late }) {
  const effect = what === "delay" ? { delay_ms: Number(delay) } : what === "drop" ? { drop: true } : { status: Number(status) };
  return {
    ...(method && { method }), ...(table && { table }), ...(path && { path }), ...effect,
    ...(late && what !== "delay" && { after_commit: true }), ...(every && { every: Number(every) }), ...(count && { count: Number(count) }),
  };
}

/** A rule in words. @param {any} rule */
function told({ method, table, path, delay_ms: delay, jitter_ms: jitter, status, drop, after_commit: late, every, count, rate }) {
  const which = [method ?? "Any request", table && ` of ${table}`, path && ` at ${path}`].filter(Boolean).join("");
  const what = [delay !== undefined && `is held up for ${delay} ms`, jitter && `and up to ${jitter} ms more`, status && `is answered ${status}`, drop && "gets no answer", late && "after it was applied"].filter(Boolean).join(" ");
  const often = [every && `, one time in ${every}`, rate !== undefined && `, ${rate * 100} % of the time`, count && `, ${count} times`].filter(Boolean).join("");
  return `${which} ${what}${often}.`;
}

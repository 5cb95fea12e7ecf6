// The auditors' page. Its state is its URL: what is filtered and which entry is open can be sent to a colleague.
import {prove, readLeaf, bytesOf, parseKey, kinds} from "/audit/proof.js";
import {bars, flows, html, number, steps} from "/audit/charts.js";

const $ = id => document.getElementById(id);
const filterNames = ["project", "job", "target", "kind", "outcome", "workflow", "ref", "subject", "audience", "context", "secret", "run",
  "principal", "jti", "token_sha256", "trace", "kid", "credential", "session"];
const page = 50;
let key = null, shown = [], next = null, timer = null, turn = 0;

class Refused extends Error { constructor(status, text) { super(text); this.status = status; } }
async function ask(path, options = {}) {
  const answer = await fetch(path, {credentials: "same-origin", cache: "no-store", ...options});
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, body.error_description ?? `the broker answered ${answer.status}`);
  return body;
}

// What the URL says.
function state() {
  const query = new URLSearchParams(location.search), filters = {};
  for (const name of filterNames) if (query.get(name)) filters[name] = query.get(name);
  return {view: query.get("view") ?? "overview", filters, period: query.get("period") ?? "30", entry: query.get("entry")};
}
function address({view, filters, period, entry}) {
  const query = new URLSearchParams({view, ...filters});
  if (period !== "30") query.set("period", period);
  if (entry !== null && entry !== undefined) query.set("entry", entry);
  return `/audit?${query}`;
}
function go(change) {
  history.pushState(null, "", address({...state(), ...change}));
  return show();
}
function filterQuery(extra = {}) {
  const {filters, period} = state(), query = new URLSearchParams({...filters, ...extra});
  if (period !== "3650") query.set("since", new Date(Math.floor(Date.now() / 864e5 - (period - 1)) * 864e5).toISOString().replace(/\.\d+/, ""));
  return query;
}

// Signing in and out.
function enter(name) {
  $("entrance").hidden = true; $("inside").hidden = false; $("who").hidden = false; $("name").textContent = name;
  return show();
}
function leave(message = "") {
  clearInterval(timer); shown = []; $("entry").close();
  for (const id of ["entries", "keys", "contexts"]) $(id).tBodies[0].replaceChildren();
  for (const id of ["totals", "time", "flows", "burn", "left", "facts", "claims", "story"]) $(id).replaceChildren();
  $("inside").hidden = true; $("who").hidden = true; $("entrance").hidden = false; $("head").textContent = "";
  $("sign-in-error").textContent = message; $("token").focus();
}
$("sign-in").addEventListener("submit", async event => {
  event.preventDefault();
  const token = $("token").value.trim();
  $("token").value = "";
  try {
    const body = await ask("/audit/session", {method: "POST", headers: token ? {Authorization: `Bearer ${token}`} : {}});
    $("sign-in-error").textContent = "";
    await enter(body.name);
  } catch (error) { leave(error.message); }
});
$("leave").addEventListener("click", async () => { await ask("/audit/session", {method: "DELETE"}).catch(() => {}); leave(); });

// Views.
async function show() {
  const now = state(), mine = ++turn;
  for (const link of document.querySelectorAll("[data-view]")) {
    link.href = address({...now, view: link.dataset.view, entry: null});
    if (link.dataset.view === now.view) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  for (const section of document.querySelectorAll("[data-section]")) section.hidden = section.dataset.section !== now.view;
  // What a key has signed is asked for by its name; no filter changes the list of keys.
  $("filters").hidden = $("chips").hidden = now.view === "keys";
  fill(now);
  clearInterval(timer);
  try {
    if (now.view === "overview") await overview(mine);
    if (now.view === "entries") await entries(mine);
    if (now.view === "keys") await keys(mine);
    if (now.view === "statics") await statics(mine);
    if (now.entry !== null) await open(Number(now.entry)); else $("entry").close();
    $("trouble").hidden = true;
    await head();
  } catch (error) { trouble(error); }
}
function trouble(error) {
  if (error instanceof Refused && error.status === 401) return leave("Your session has ended: sign in again.");
  $("trouble").textContent = error.message; $("trouble").hidden = false;
}
function fill({filters, period}) {
  const form = $("filters");
  for (const name of ["project", "job", "target", "kind", "outcome"]) form.elements[name].value = filters[name] ?? "";
  form.elements.period.value = period;
  $("chips").replaceChildren(...Object.entries(filters).map(([name, value]) => {
    const chip = html("button", {type: "button", "aria-label": `Remove the filter ${name} ${value}`}, `${name}: ${value} ×`);
    chip.addEventListener("click", () => { const rest = {...state().filters}; delete rest[name]; go({filters: rest}); });
    return chip;
  }));
}
$("filters").addEventListener("submit", async event => {
  event.preventDefault();
  const form = $("filters").elements, filters = {...state().filters}, wanted = form.find.value.trim();
  for (const name of ["project", "job", "target", "kind", "outcome"]) { if (form[name].value.trim()) filters[name] = form[name].value.trim(); else delete filters[name]; }
  if (!wanted) return go({filters, period: form.period.value});
  for (const name of candidates(wanted)) {
    const found = await ask(`/v1/audit/entries?${new URLSearchParams({[name]: wanted, limit: 1})}`).catch(() => null);
    if (found?.entries.some(e => !e.error)) { form.find.value = ""; return go({view: "entries", filters: {[name]: wanted}, period: "3650", entry: null}); }
  }
  trouble(new Error(`Nothing in the ledger has the run, jti, trace, token hash, key, credential or session “${wanted}”.`));
});
function candidates(text) {
  if (/^[0-9a-f]{64}$/.test(text)) return ["token_sha256", "kid", "trace"];
  if (text.startsWith("run_")) return ["run"];
  if (/^A(SIA|KIA)/.test(text)) return ["credential"];
  return ["jti", "run", "trace", "kid", "credential", "session", "project", "target", "context", "subject"];
}
$("clear").addEventListener("click", () => go({filters: {}, period: "30"}));
document.addEventListener("click", event => {
  const link = event.target.closest("a[data-view]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go({view: link.dataset.view, entry: null});
});
addEventListener("popstate", () => { if (!$("inside").hidden) show(); });

async function head() {
  const note = await (await fetch("/log/checkpoint")).text(), [origin, size] = note.split("\n");
  $("head").textContent = `${origin} · ${number(Number(size))} entries`;
}

const layers = [["tokens", "tokens"], ["exchanges", "exchanges"], ["denials", "denials"], ["fallbacks", "fallbacks"]];
async function overview(mine) {
  const summary = await ask(`/v1/audit/summary?${filterQuery()}`);
  if (mine !== turn) return;
  $("totals").replaceChildren(...[...layers, ["reads", "static reads"], ["failures", "failed exchanges"]].map(([name, called]) =>
    html("div", {}, html("b", {}, number(summary.totals[name] ?? 0)), called)));
  bars($("time"), summary.series, summary.unit, layers, "Entries over time");
  flows($("flows"), summary.flows, filter => go({view: "entries", filters: {...state().filters, ...filter}}));
}
async function statics(mine) {
  const query = filterQuery();
  for (const name of ["kind", "outcome"]) query.delete(name);
  const summary = await ask(`/v1/audit/summary?${query}`);
  if (mine !== turn) return;
  const left = summary.series.map(s => ({at: s.at, left: summary.statics.filter(c => c.last >= s.at - s.at % 86400).length}));
  steps($("left"), left, summary.unit, "left", "Contexts that are used on this day or later: the ones that still cannot go");
  bars($("burn"), summary.series, summary.unit, [["reads", "reads"], ["fallbacks", "fallbacks"]], "Uses of static secrets");
  $("no-contexts").hidden = summary.statics.length > 0;
  $("contexts").tBodies[0].replaceChildren(...summary.statics.map(s => html("tr", {}, html("td", {}, s.context), html("td", {}, number(s.count)),
    html("td", {}, new Date(s.last * 1000).toISOString().slice(0, 10)), html("td", {}, s.projects.join(", ")))));
}
async function keys(mine) {
  const [{entries: events}, jwks, other] = await Promise.all([ask("/v1/audit/entries?kind=key.changed&limit=1000"),
    ask("/.well-known/jwks.json"), ask("/untrusted/.well-known/jwks.json")]);
  if (mine !== turn) return;
  const published = new Set([...jwks.keys, ...other.keys].map(k => k.kid)), lives = new Map();
  for (const event of events.toReversed()) {
    if (!event.kid) continue;
    const life = lives.get(event.kid) ?? {first: event.time};
    lives.set(event.kid, {...life, last: event, issuer: event.issuer ?? life.issuer, jwk: event.claims?.jwk ?? life.jwk});
  }
  $("keys").tBodies[0].replaceChildren(...[...lives].map(([kid, life]) => html("tr", {}, html("td", {}, link(life.last.index, kid)),
    html("td", {}, life.issuer ?? "–"), html("td", {}, life.jwk?.alg ?? "–"), html("td", {class: published.has(kid) ? "succeeded" : "quiet"}, published.has(kid) ? "published" : "archived"),
    html("td", {}, when(life.first)), html("td", {}, `${when(life.last.time)} ${life.last.reason ?? ""}`))));
  await logKey();
}
async function logKey() {
  if (!key) {
    key = parseKey(await (await fetch("/log/key")).text());
    const known = localStorage.getItem(`jobpass key ${key.name}`);
    key.state = known === null ? "new to this browser" : known === key.text ? "the same as when this browser first saw it" : "NOT the one that this browser saw first";
    key.isChanged = known !== null && known !== key.text;
    if (known === null) localStorage.setItem(`jobpass key ${key.name}`, key.text);
  }
  $("log-key").textContent = key.text;
  $("log-key-state").textContent = `It is ${key.state}. Compare it with ‘jobpass audit key’ on the broker’s host.`;
  return key;
}

// The table.
const when = time => time.replace("T", " ").replace(/\.\d+Z|Z/, "");
function link(index, text = String(index)) {
  const button = html("button", {type: "button", "data-entry": index}, text);
  button.addEventListener("click", () => go({entry: index}));
  return button;
}
function row(entry) {
  if (entry.error) return html("tr", {}, html("td", {}, link(entry.index)), html("td", {class: "bad", colspan: 6}, entry.error));
  const c = entry.claims ?? {}, who = [c.project, c.job].filter(Boolean).join(" · ") || entry.principal || "–";
  return html("tr", {}, html("td", {}, link(entry.index)), html("td", {}, html("time", {datetime: entry.time}, when(entry.time))), html("td", {}, entry.kind),
    html("td", {class: entry.outcome}, entry.outcome), html("td", {}, who), html("td", {}, entry.target ?? entry.context ?? entry.audience ?? c.aud ?? "–"),
    html("td", {}, entry.pruned ? "pruned" : entry.reason ?? entry.cause ?? ""));
}
async function entries(mine) {
  const answer = await ask(`/v1/audit/entries?${filterQuery({limit: page})}`);
  if (mine !== turn) return;
  shown = answer.entries; next = answer.next;
  $("entries").tBodies[0].replaceChildren(...shown.map(row));
  $("none").hidden = shown.length > 0; $("more").hidden = next === null;
  $("live").textContent = "live";
  timer = setInterval(() => { if (!document.hidden) arrivals(mine).catch(trouble); }, 2000);
}
async function arrivals(mine) {
  const answer = await ask(`/v1/audit/entries?${filterQuery({limit: page})}`);
  if (mine !== turn) return;
  const newest = shown[0]?.index ?? -1, fresh = answer.entries.filter(e => e.index > newest);
  if (!fresh.length) return;
  shown = [...fresh, ...shown];
  const rows = fresh.map(row);
  for (const r of rows) r.classList.add("new");
  $("entries").tBodies[0].prepend(...rows);
  $("none").hidden = true;
  $("live").textContent = `live, ${number(fresh.length)} new`;
  head().catch(() => {});
}
$("more").addEventListener("click", async () => {
  const mine = turn, answer = await ask(`/v1/audit/entries?${filterQuery({limit: page, cursor: next})}`).catch(trouble);
  if (!answer || mine !== turn) return;
  shown = [...shown, ...answer.entries]; next = answer.next;
  $("entries").tBodies[0].append(...answer.entries.map(row));
  $("more").hidden = next === null;
});

// One entry, proved.
const list = (place, facts) => place.replaceChildren(...Object.entries(facts).flatMap(([name, value]) =>
  [html("dt", {}, name), html("dd", {}, typeof value === "string" ? value : JSON.stringify(value))]));
async function open(index) {
  const answer = await ask(`/v1/audit/entries/${index}`);
  const steps = [], proof = $("proof");
  $("entry-title").textContent = `Entry ${index}`;
  proof.className = "proof"; proof.textContent = "Verifying …";
  for (const id of ["facts", "claims", "story"]) $(id).replaceChildren();
  if (!$("entry").open) $("entry").showModal();
  try {
    const log = await logKey(), checkpoint = await prove(answer, index, log, steps);
    proof.className = log.isChanged ? "proof unproved" : "proof proved";
    proof.textContent = log.isChanged ? "Proved, but by a key other than the one that this browser saw first: ask who changed it."
      : `Proved: it stands in the ledger of ${number(checkpoint.size)} entries that ${log.name} has signed.`;
  } catch (error) {
    proof.className = "proof unproved"; proof.textContent = `Not proved: ${error.message}.`; steps.push(`failed: ${error.message}`);
  }
  $("proof-steps").querySelector("ol").replaceChildren(...steps.map(s => html("li", {}, s)));
  let leaf = {facts: {}, claims: null};
  try { if (answer.leaf) leaf = readLeaf(bytesOf(answer.leaf)); } catch (error) { leaf.facts.error = error.message; }
  const {entry} = answer;
  list($("facts"), {kind: entry.kind ?? "–", outcome: entry.outcome ?? "–", ...(entry.pruned ? {time: entry.time, contents: "pruned; the hash is kept", leaf_hash: entry.leaf_hash} : leaf.facts)});
  $("claims-title").hidden = !leaf.claims;
  list($("claims"), leaf.claims ?? {});
  await story(leaf.facts.run, index);
}
async function story(run, index) {
  $("story-title").hidden = !run;
  if (!run) return $("story").replaceChildren();
  const {entries: steps} = await ask(`/v1/audit/entries?${new URLSearchParams({run, limit: 200})}`);
  $("story").replaceChildren(...steps.toReversed().map(e => html("li", e.index === index ? {"aria-current": "true"} : {}, link(e.index), ` ${when(e.time)} `,
    html("span", {class: e.outcome}, e.kind), ` ${e.target ?? e.context ?? e.audience ?? ""} ${e.reason ?? e.cause ?? ""}`)));
}
$("close").addEventListener("click", () => $("entry").close());
$("entry").addEventListener("close", () => { if (!$("inside").hidden && state().entry !== null) history.pushState(null, "", address({...state(), entry: null})); });

for (const kind of kinds) $("filters").elements.kind.append(html("option", {}, kind));
ask("/audit/session").then(body => body ? enter(body.name) : leave(), error => leave(error.status === 401 ? "" : error.message));

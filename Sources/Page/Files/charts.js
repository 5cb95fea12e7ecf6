// Charts as SVG, with the numbers as a table beside each for those who cannot see them.

const SVG = "http://www.w3.org/2000/svg";
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
export function html(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
export const number = n => n.toLocaleString("en");
const title = text => svg("title", {}, text);

function label(at, unit) {
  const iso = new Date(at * 1000).toISOString();
  return unit === "hour" ? iso.slice(5, 16).replace("T", " ") : iso.slice(0, 10);
}

function numbers(heads, rows) {
  const table = html("table", {}, html("thead", {}, html("tr", {}, ...heads.map(h => html("th", {scope: "col"}, h)))),
    html("tbody", {}, ...rows.map(r => html("tr", {}, ...r.map(c => html("td", {}, String(c)))))));
  return html("details", {class: "numbers"}, html("summary", {}, "As numbers"), html("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers"}, table));
}

/// Stacked bars over time; `layers` are the series' names with what they are called.
export function bars(place, series, unit, layers, name) {
  const width = Math.max(300, Math.min(1200, place.clientWidth || 800)), height = 220, left = 48, bottom = 26, top = 8;
  const most = Math.max(1, ...series.map(s => layers.reduce((sum, [key]) => sum + (s[key] ?? 0), 0)));
  const step = niceStep(most / 4), ceiling = Math.ceil(most / step) * step;
  const y = value => height - bottom - value / ceiling * (height - bottom - top);
  const wide = (width - left) / Math.max(1, series.length);
  const root = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${name}: ${layers.map(([k, l]) => `${l} ${number(series.reduce((n, s) => n + (s[k] ?? 0), 0))}`).join(", ")}`});
  const axis = svg("g", {class: "axis"});
  for (let value = 0; value <= ceiling; value += step) {
    axis.append(svg("line", {x1: left, x2: width, y1: y(value), y2: y(value)}), svg("text", {x: left - 6, y: y(value) + 4, "text-anchor": "end"}, short(value)));
  }
  const every = Math.ceil(series.length / Math.max(1, Math.floor((width - left) / 110)));
  series.forEach((s, i) => {
    if (i % every === 0 && left + i * wide < width - 70) axis.append(svg("text", {x: left + i * wide, y: height - 8}, label(s.at, unit)));
    let base = 0;
    for (const [key, called] of layers) {
      const value = s[key] ?? 0;
      if (!value) continue;
      root.append(svg("rect", {class: key, x: left + i * wide + wide * .08, width: Math.max(1, wide * .84), y: y(base + value), height: y(base) - y(base + value)},
        title(`${label(s.at, unit)}: ${number(value)} ${called}`)));
      base += value;
    }
  });
  root.prepend(axis);
  const legend = html("ul", {class: "legend"}, ...layers.map(([key, called]) => html("li", {class: `of-${key}`}, called)));
  const rows = series.filter(s => layers.some(([k]) => s[k])).map(s => [label(s.at, unit), ...layers.map(([k]) => number(s[k] ?? 0))]);
  place.replaceChildren(legend, root, numbers(["When", ...layers.map(l => l[1])], rows));
}

function niceStep(raw) {
  const scale = 10 ** Math.floor(Math.log10(Math.max(1, raw)));
  return Math.max(1, [1, 2, 5, 10].map(n => n * scale).find(n => n >= raw) ?? scale * 10);
}
const short = n => n >= 1e6 ? `${n / 1e6}M` : n >= 1e3 ? `${n / 1e3}k` : String(n);

/// Who reaches what: projects and jobs at the left, targets at the right, ribbons as wide as there are entries.
export function flows(place, all, choose) {
  const most = 16, kinds = {t: "target", c: "context", a: "audience"};
  const name = purpose => purpose.slice(1), kind = purpose => kinds[purpose[0]] ?? "target";
  const sum = pick => {
    const totals = new Map();
    for (const f of all) totals.set(pick(f), (totals.get(pick(f)) ?? 0) + f.count);
    return [...totals].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  };
  // Where there are more jobs than can be told apart, their projects stand for them.
  const byJob = f => `${f.project}\n${f.job}`, who = sum(byJob).length <= most ? byJob : f => f.project;
  const lefts = sum(who), rights = sum(f => f.purpose);
  if (!lefts.length) { place.replaceChildren(html("p", {class: "quiet"}, "Nothing in this period.")); return; }
  const keptLeft = new Set(lefts.slice(0, most).map(l => l[0])), keptRight = new Set(rights.slice(0, most).map(r => r[0]));
  const links = new Map();
  for (const f of all) {
    const l = keptLeft.has(who(f)) ? who(f) : "", r = keptRight.has(f.purpose) ? f.purpose : "";
    const link = links.get(`${l}|${r}`) ?? {l, r, count: 0, refused: 0};
    link.count += f.count; link.refused += f.refused; links.set(`${l}|${r}`, link);
  }
  const side = (kept, pick) => [...kept, ""].map(id => ({id, count: [...links.values()].filter(k => pick(k) === id).reduce((n, k) => n + k.count, 0)})).filter(n => n.count);
  const ls = side(keptLeft, k => k.l), rs = side(keptRight, k => k.r);
  const width = Math.max(320, Math.min(1000, place.clientWidth || 800)), narrow = width < 560, gap = 14;
  const height = Math.max(ls.length, rs.length) * 34 + 20, total = [...links.values()].reduce((n, k) => n + k.count, 0);
  const margin = narrow ? width * .3 : width * .26;
  // Both sides are drawn to one scale, that of the side with more gaps; each is set in the middle of the height.
  const scale = (height - gap * (Math.max(ls.length, rs.length) + 1)) / total;
  const layout = nodes => {
    for (const n of nodes) { n.size = Math.max(2, n.count * scale); n.used = 0; }
    let at = Math.max(gap, (height - nodes.reduce((sum, n) => sum + n.size + gap, -gap)) / 2);
    for (const n of nodes) { n.y = at; at += n.size + gap; }
    return at;
  };
  const tall = Math.max(layout(ls), layout(rs));
  const root = svg("svg", {viewBox: `0 0 ${width} ${tall}`, role: "group", "aria-label": "Who reaches what"});
  // Ribbons leave and arrive in the order of the nodes they join, so that as few as can be cross.
  const at = (nodes, id) => nodes.findIndex(n => n.id === id), ribbons = [...links.values()];
  for (const k of ribbons) k.wide = Math.max(1, k.count * scale);
  for (const k of ribbons.toSorted((a, b) => at(rs, a.r) - at(rs, b.r))) { const l = ls[at(ls, k.l)]; k.y1 = l.y + l.used + k.wide / 2; l.used += k.wide; }
  for (const k of ribbons.toSorted((a, b) => at(ls, a.l) - at(ls, b.l))) { const r = rs[at(rs, k.r)]; k.y2 = r.y + r.used + k.wide / 2; r.used += k.wide; }
  for (const k of ribbons.toSorted((a, b) => b.count - a.count)) {
    const x1 = margin + 6, x2 = width - margin - 6, mid = (x1 + x2) / 2;
    const cls = k.refused * 2 > k.count ? "flow refused" : k.r && k.r[0] === "c" ? "flow static" : "flow";
    root.append(svg("path", {class: cls, "stroke-width": k.wide, d: `M${x1} ${k.y1} C${mid} ${k.y1} ${mid} ${k.y2} ${x2} ${k.y2}`},
      title(`${k.l.replace("\n", " · ") || "others"} → ${k.r ? name(k.r) : "others"}: ${number(k.count)}${k.refused ? `, ${number(k.refused)} refused` : ""}`)));
  }
  const fit = (text, chars) => text.length > chars ? "…" + text.slice(1 - chars) : text, chars = Math.floor((margin - 10) / 7);
  const node = (n, x, anchor, text, filter) => {
    const g = svg("g", {class: "node"}, svg("rect", {x: anchor === "end" ? x : x - 6, y: n.y, width: 6, height: n.size}),
      svg("text", {x: anchor === "end" ? x - 6 : x + 6, y: n.y + n.size / 2 + 4, "text-anchor": anchor}, fit(text, chars)), title(`${text}: ${number(n.count)}`));
    if (filter) {
      g.setAttribute("tabindex", "0"); g.setAttribute("role", "button"); g.setAttribute("aria-label", `Show ${text}, ${number(n.count)} entries`);
      g.addEventListener("click", () => choose(filter));
      g.addEventListener("keydown", e => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(filter); } });
    }
    root.append(g);
  };
  for (const n of ls) {
    const [project, job] = n.id.split("\n");
    node(n, margin, "end", n.id.replace("\n", " · ") || "others", n.id ? {project, ...(job ? {job} : {})} : null);
  }
  for (const n of rs) node(n, width - margin, "start", n.id ? name(n.id) : "others", n.id ? {[kind(n.id)]: name(n.id)} : null);
  const rows = [...links.values()].sort((a, b) => b.count - a.count).map(k => [k.l.replace("\n", " · ") || "others", k.r ? name(k.r) : "others", number(k.count), number(k.refused)]);
  place.replaceChildren(root, numbers(["Project, job", "Reaches", "Entries", "Refused"], rows));
}

/// A line that goes down a step at a time: what is left of something.
export function steps(place, series, unit, key, called) {
  const width = Math.max(300, Math.min(1200, place.clientWidth || 800)), height = 140, left = 48, bottom = 26, top = 8;
  const most = Math.max(1, ...series.map(s => s[key])), step = niceStep(most / 3), ceiling = Math.ceil(most / step) * step;
  const y = value => height - bottom - value / ceiling * (height - bottom - top), wide = (width - left) / Math.max(1, series.length);
  const root = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${called}: ${series.at(0)?.[key] ?? 0} at first, ${series.at(-1)?.[key] ?? 0} now`});
  const axis = svg("g", {class: "axis"});
  for (let value = 0; value <= ceiling; value += step) {
    axis.append(svg("line", {x1: left, x2: width, y1: y(value), y2: y(value)}), svg("text", {x: left - 6, y: y(value) + 4, "text-anchor": "end"}, short(value)));
  }
  const every = Math.ceil(series.length / Math.max(1, Math.floor((width - left) / 110)));
  series.forEach((s, i) => { if (i % every === 0 && left + i * wide < width - 70) axis.append(svg("text", {x: left + i * wide, y: height - 8}, label(s.at, unit))); });
  const path = series.map((s, i) => `${i ? "L" : "M"}${left + i * wide} ${y(s[key])} H${left + (i + 1) * wide}`).join(" ");
  root.append(axis, svg("path", {class: "left", d: path}, title(called)));
  place.replaceChildren(html("p", {class: "quiet"}, called), root);
}

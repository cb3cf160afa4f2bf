// The part of the page that is walked through: which tree, where in it, measured by what, and which finding's files are
// highlighted. Where it is, and the finding, are in the address.

const views = {
  packages: () => packageTree("all that is visible"),
  files: () => columnTree(data.files, "all that is visible", false),
  hidden: () => columnTree(data.hidden, "all that is hidden", true),
};
const roots = {};
const state = {
  view: data.packages.length ? "packages" : "files", place: null, chosen: null,
  measure: "unpacked", mode: "owner", rows: 40, isByKey: false, finding: null,
};
const rootOf = (view) => (roots[view] ??= views[view]());

function address(place) {
  const numbers = [];
  for (let here = place; here.parent; here = here.parent) numbers.unshift(here.parent.inside.indexOf(here));
  return `#in.${[state.view, ...numbers].join(".")}${state.finding ? `~${state.finding}` : ""}`;
}

function readAddress() {
  // Null where it names another part of the page.
  const [where, finding] = location.hash.slice(1).split("~"), [start, view, ...numbers] = where.split(".");
  if (!start) { state.finding = null; return rootOf(state.view); }
  if (start !== "in" || !Object.hasOwn(views, view) || (view === "hidden" && !data.hidden)) return null;
  state.view = view;
  state.finding = data.findings[Number(finding)] ? Number(finding) : null;
  let place = rootOf(view);
  for (const text of numbers) place = place.inside[Number(text)] || place;
  return place.isOpen ? place : place.parent || place;
}

function go(place) {
  // Shown at once: the browser tells of the address later, and whoever types meanwhile would lose what was typed.
  state.chosen = null;
  location.hash = address(place);
  show(place);
}

function branching(place) {
  // Where there is more than one way on: the place, or what it alone has.
  while (place.inside.length === 1 && place.inside[0].isOpen) [place] = place.inside;
  return place;
}

function open(place) {
  if (place.isOpen) return go(place.kind < GROUP ? branching(place) : place);
  if (place.hint && place.hint !== state.place) return go(place.hint);
  state.chosen = place;
  showDetails();
  markChosen();
}

function foundFiles(wanted) {
  // Places of the tree of files with that in their names, whatever is looked at.
  const columns = data.files, text = wanted.toLowerCase();
  const fits = data.names.map((name) => name.toLowerCase().includes(text));
  const hits = [];
  columns.name.forEach((name, index) => {
    if (index && columns.kind[index] !== FOLDED && fits[name]) hits.push(index);
  });
  return hits.sort((one, other) => columns.unpacked[other] - columns.unpacked[one]).slice(0, 500).map((node) => placeAt(node));
}

function placeAt(index, view = "files") {
  const columns = data[view], steps = [];
  for (let here = index; here > 0; here = steps[0].from) {
    const from = aboveOf(columns)[here];
    steps.unshift({ from, step: here - columns.first[from] });
  }
  return steps.reduce((place, { step }) => place.inside[step], rootOf(view));
}

function goToFile(place) {
  state.view = "files";
  state.finding = null;
  go(place.isOpen ? place : place.parent);
  if (!place.isOpen) open(place);
}

function goToPackage(owner) {
  state.view = "packages";
  state.finding = null;
  for (const group of rootOf("packages").inside) {
    const found = group.inside.find((it) => it.kind === PACKAGE && it.owner === owner);
    if (found) return go(found);
  }
}

function show(place) {
  state.place = place;
  state.rows = 40;
  byId("find").value = "";
  showTrail();
  showAbout();
  redraw();
  for (const input of document.querySelectorAll("input[name=view]")) input.checked = input.value === state.view;
  if (state.isByKey) byId("stage").tiles[0]?.button.focus();  // what had the focus is gone
  state.isByKey = false;
}

function redraw() {
  drawTreemap(byId("stage"), state.place, {
    measure: state.measure, mode: state.mode, whole: rootOf(state.view)[state.measure], lit: litBy(), open, point: pointAt,
  });
  showLegend();
  showList();
  showDetails();
}

function showTrail() {
  const steps = [];
  for (let here = state.place; here; here = here.parent) steps.unshift(here);
  const items = steps.map((place) => {
    const isLast = place === state.place;
    const button = element("button", { type: "button", text: place.title, click: () => go(place) });
    if (isLast) button.setAttribute("aria-current", "location");
    return element("li", {}, button);
  });
  byId("trail").replaceChildren(...items);
}

function showLegend() {
  const kinds = new Map();
  for (const { button, isOpen, place } of byId("stage").tiles) {
    if (isOpen || place.kind === FOLDED) continue;
    const paintedAs = button.className.replace("tile ", ""), pack = place.pack;
    const isOfLayer = state.mode === "layer" || place.isHidden;
    let said = paintedAs === "lit" ? litWords() : paintedAs === "dim" ? "anything else" : isOfLayer ? layerTitle(place.layer) : place.ecosystem ? place.title : pack ? ecosystemTitle(pack.ecosystem) : "no package";
    if (paintedAs === "mixed") said = "several";
    kinds.set(said, paintedAs);
  }
  const order = [...kinds].sort((one, other) => one[0].localeCompare(other[0], "en", { numeric: true }));
  byId("legend").replaceChildren(...order.map(([said, kind]) =>
    element("li", {}, element("span", { class: `tile ${kind}`, "aria-hidden": "true" }), said)));
}

function showList() {
  const { measure, place } = state, wanted = byId("find").value.trim(), found = wanted ? foundFiles(wanted) : null;
  const isOf = !found && state.finding, whole = (found ? rootOf("files") : isOf ? amount(place, isOf) || place : place)[measure];
  const parts = new Map(isOf ? branching(place).inside.map((it) => [it, amount(it, isOf)]) : []);
  const inside = found || branching(place).inside.filter((it) => !isOf || parts.get(it));
  const count = (it) => (parts.get(it) || it)[measure];
  const told = [...inside].sort((one, other) => count(other) - count(one));
  const rows = told.slice(0, state.rows).map((it) => {
    const act = found ? () => goToFile(it) : () => open(it);
    const name = element("button", { type: "button", text: found ? it.path : it.title, click: act });
    if (it.isOpen) name.className = "deeper";
    const bar = element("span", { class: "share", "aria-hidden": "true" });
    bar.style.width = `${(100 * count(it)) / (count(told[0]) || 1)}%`;
    const row = element("tr", {}, element("th", { scope: "row" }, name, bar),
      element("td", { text: bytes(count(it)) }), element("td", { text: percent(count(it), whole) }));
    row.place = it;
    return row;
  });
  byId("list").replaceChildren(...rows);
  byId("list-head").textContent = measure;
  const left = told.length - rows.length;
  byId("more").hidden = left <= 0;
  byId("more").textContent = `show ${Math.min(left, 200)} of ${number(left)} more`;
  byId("list-empty").hidden = told.length > 0;
  byId("found").textContent = found ? `${number(told.length)} found` : "";
  markChosen();
}

function markChosen() {
  for (const { button, place } of byId("stage").tiles) button.classList.toggle("chosen", place === state.chosen);
  for (const row of byId("list").children) row.classList.toggle("chosen", row.place === state.chosen);
}

function pointAt(place) {
  const what = place.path || place.title, pack = place.pack;
  const from = pack && place.kind !== PACKAGE ? ` · ${packageTitle(pack)}` : "";
  byId("pointed").textContent = `${what} · ${bytes(place.unpacked)} unpacked, ${bytes(place.compressed)} compressed${from}`;
}

function packageButtons(owners, count = owners.length) {
  const list = element("span", {});
  owners.forEach((owner, index) => {
    if (index) list.append(", ");
    const it = data.packages[owner];
    list.append(it.files ? element("button", { type: "button", text: it.name, click: () => goToPackage(owner) }) : it.name);
  });
  if (count > owners.length) list.append(` and ${number(count - owners.length)} others`);
  return list;
}

function detailsOf(place) {
  const rows = [], pack = place.pack, put = (name, ...said) => rows.push([name, said]);
  put("unpacked", `${bytes(place.unpacked)} (${number(place.unpacked)} bytes), lies on disk`);
  put("compressed", `${bytes(place.compressed)}, its share of what travels`);
  if (place.kind !== FILE) put("files", number(place.files));
  if (place.kind === UNOPENED) put("inside", "not told one by one: the page has the largest directories of the image");
  if (place.layer >= 0) put("put there by", `${layerTitle(place.layer)}: ${layerSays(place.layer)}`);
  if (place.isHidden && place.by >= 0) put("hidden by", `${layerTitle(place.by)}: ${layerSays(place.by)}`);
  if (pack && place.kind !== PACKAGE) put("owned by", packageButtons([place.owner]), ` ${pack.version}, ${ecosystemTitle(pack.ecosystem)}`);
  if (place.owner === -1 && !place.isHidden) put("owned by", "no package");
  if (pack) {
    if (pack.by.length) put("needed by", packageButtons(pack.by, pack.byCount));
    else if (pack.requested) put("needed by", "a person asked for it");
    if (place.kind === PACKAGE && pack.needs.length) put("needs", packageButtons(pack.needs, pack.needsCount));
    if (place.kind === PACKAGE && pack.missing.length) put("needs, and is not there", pack.missing.join(", "));
    if (place.kind === PACKAGE && pack.location) put("where", `/${pack.location.replace(/^\//, "")}`);
  }
  const findings = place.parent ? touching(place) : [];
  if (findings.length) put(findings.length === 1 ? "finding" : "findings", findingLinks(findings, place));
  return rows;
}

function showDetails() {
  const place = state.chosen || state.place;
  const terms = detailsOf(place).flatMap(([name, said]) => [element("dt", { text: name }), element("dd", {}, ...said)]);
  byId("details").replaceChildren(
    element("h3", { text: place.path && place.kind < GROUP ? place.path : place.title }), element("dl", {}, ...terms));
}

function listenToKeys(event) {
  const stage = byId("stage"), tile = stage.tiles.find((it) => it.button === event.target);
  if (!tile) return;
  if (event.key === "Enter" || event.key === " ") {
    state.isByKey = tile.place.isOpen || Boolean(tile.place.hint);
    open(tile.place);
  } else if (event.key === "Escape" || event.key === "Backspace") {
    let out = state.place.parent;
    if (!out && state.finding) return showFinding(null);
    if (!out) return;
    while (out.parent && out.inside.length === 1) out = out.parent;
    state.isByKey = true;
    go(out);
  } else {
    const next = moved(stage.tiles, tile, event.key);
    if (!next) return;
    tile.button.tabIndex = -1;
    next.button.tabIndex = 0;
    next.button.focus();
  }
  event.preventDefault();
}

function startExploring() {
  byId("explore").hidden = false;
  const hear = (name, act) => document.querySelectorAll(`input[name=${name}]`).forEach((input) => {
    input.addEventListener("change", () => act(input.value));
  });
  hear("view", (view) => {
    if (state.finding && (view === "hidden") !== (viewOf(state.finding) === "hidden")) state.finding = null;
    state.view = view;
    go(rootOf(view));
  });
  hear("measure", (measure) => { state.measure = measure; redraw(); });
  hear("mode", (mode) => { state.mode = mode; redraw(); });
  byId("more").addEventListener("click", () => { state.rows += 200; showList(); });
  byId("stage").addEventListener("keydown", listenToKeys);
  window.addEventListener("hashchange", () => {
    const before = state.finding, place = readAddress();
    if (!place) return showTarget();  // another part of the page
    if (place === state.place && before === state.finding) return;  // where `go` has led
    state.chosen = null;
    show(place);
  });
  let width = byId("stage").clientWidth;
  new ResizeObserver(() => {
    if (byId("stage").clientWidth === width) return;
    width = byId("stage").clientWidth;
    redraw();
  }).observe(byId("stage"));
  byId("find").addEventListener("input", () => { state.rows = 40; showList(); });
  show(readAddress() || rootOf(state.view));
}

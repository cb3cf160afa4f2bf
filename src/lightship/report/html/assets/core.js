// What the page knows, words for it, and the three trees that are looked at. Every text is set as text, never as HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const FILE = 0, FOLDED = 2, UNOPENED = 3, GROUP = 4, PACKAGE = 5;
const MIXED = -2;

function bytes(count) {
  if (count < 1000) return `${Math.round(count)} B`;
  let value = count, unit = "";
  for (unit of ["kB", "MB", "GB", "TB"]) {
    value /= 1000;
    if (value < 999.5) break;
  }
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

const number = (count) => count.toLocaleString("en");
const files = (count) => (count === 1 ? "1 file" : `${number(count)} files`);
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "");

function element(tag, properties, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "text") made.textContent = value;
    else if (name === "click") made.addEventListener("click", value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

const byId = (name) => document.getElementById(name);
const packageTitle = (it) => (it.version ? `${it.name} ${it.version}` : it.name);
const ecosystemTitle = (name) => data.ecosystems[name] || name;
const layerTitle = (index) => `layer ${index + 1}`;
const layerSays = (index) => data.layers[index].instruction || "its history tells no instruction";

class Place {
  // A node of a tree. `make` gives what is in it, when it is first asked for.
  constructor(fields, parent, make) {
    Object.assign(this, fields);
    this.parent = parent;
    this.make = make;
  }
  get inside() {
    this.kept ??= this.make ? this.make(this) : [];
    return this.kept;
  }
  get isOpen() {
    return Boolean(this.make);
  }
  get path() {
    const names = [];
    for (let here = this; here && here.parent; here = here.parent) if (here.kind < GROUP) names.unshift(here.title);
    return names.length ? `/${names.join("/")}` : "";
  }
  get pack() {
    return this.owner >= 0 ? data.packages[this.owner] : null;
  }
}

const sums = () => ({ unpacked: 0, compressed: 0, files: 0 });

const unknown = () => ({ layer: null, owner: null, ...sums() });

function blend(to, from) {
  // As `add`, and who owns it or put it there, where it is the same for all.
  add(to, from);
  for (const key of ["layer", "owner"]) to[key] = to[key] === null || to[key] === from[key] ? from[key] : MIXED;
}

function add(to, from) {
  to.unpacked += from.unpacked;
  to.compressed += from.compressed;
  to.files += from.files;
}

function columnFields(columns, index) {
  const kind = columns.kind[index], count = columns.files[index];
  const name = data.names[columns.name[index]];
  const title = kind === FOLDED ? `… ${files(count)}` : kind === UNOPENED ? `${name}/ …` : name;
  return {
    title, kind, files: count, unpacked: columns.unpacked[index], compressed: columns.compressed[index],
    layer: columns.layer[index], owner: columns.owner[index], columns, node: index,
  };
}

function columnTree(columns, title, isHidden) {
  const at = (index, parent) => {
    const count = columns.count[index], first = columns.first[index];
    const make = count ? (self) => Array.from({ length: count }, (_, step) => at(first + step, self)) : null;
    const fields = columnFields(columns, index);
    if (isHidden) Object.assign(fields, { by: fields.owner, owner: -1, isHidden });
    return new Place(fields, parent, make);
  };
  return Object.assign(at(0, null), { title });
}

const parents = new Map();

function aboveOf(columns) {
  // For each node the one it is in.
  if (parents.has(columns)) return parents.get(columns);
  const { first, count } = columns, above = new Int32Array(count.length).fill(-1);
  count.forEach((many, index) => above.fill(index, first[index], first[index] + many));
  parents.set(columns, above);
  return above;
}

function packageTree(title) {
  const columns = data.files, above = aboveOf(columns), owned = new Map();
  columns.count.forEach((count, index) => {
    if (count || columns.owner[index] === MIXED) return;
    if (!owned.has(columns.owner[index])) owned.set(columns.owner[index], []);
    owned.get(columns.owner[index]).push(index);
  });
  const groups = new Map(), root = new Place({ title, kind: GROUP, owner: MIXED, layer: MIXED, ...sums() }, null, () => all);
  const all = [];
  data.packages.forEach((it, owner) => {
    if (!it.files) return;
    let group = groups.get(it.ecosystem);
    if (!group) {
      const list = [];
      const fields = { title: ecosystemTitle(it.ecosystem), kind: GROUP, owner: MIXED, layer: MIXED, ...sums() };
      group = Object.assign(new Place(fields, root, () => list), { list, ecosystem: it.ecosystem });
      groups.set(it.ecosystem, group);
      all.push(group);
    }
    const { unpacked, compressed, layer } = it, leaves = owned.get(owner) || [];
    const fields = { title: packageTitle(it), kind: PACKAGE, owner, layer, unpacked, compressed, files: it.files, leaves };
    group.list.push(new Place(fields, group, (self) => pathsOf(self, leaves, columns, above)));
    add(group, fields);
  });
  const { unpacked, compressed, files: count } = data.unowned;
  if (count) {
    const leaves = owned.get(-1) || [];
    const fields = { title: "no package", kind: GROUP, owner: -1, layer: MIXED, unpacked, compressed, files: count, leaves };
    all.push(new Place(fields, root, (self) => pathsOf(self, leaves, columns, above)));
  }
  all.forEach((group) => add(root, group));
  return root;
}

function pathsOf(holder, leaves, columns, above) {
  // The tree of these leaves alone; what the page does not tell of one by one is a last node, so that sums agree.
  const top = { inside: new Map(), ...sums() };
  for (const leaf of leaves) {
    const names = [], fields = columnFields(columns, leaf);
    for (let here = above[leaf]; here > 0; here = above[here]) names.unshift(here);
    let at = top;
    add(at, fields);
    for (const index of names) {
      if (!at.inside.has(index)) {
        at.inside.set(index, { title: data.names[columns.name[index]], inside: new Map(), leaves: [], ...sums() });
      }
      at = at.inside.get(index);
      at.leaves.push(leaf);
      add(at, fields);
    }
    at.inside.set(leaf, fields);
  }
  const rest = { title: "", kind: FOLDED, owner: holder.owner, layer: MIXED, ...sums() };
  for (const key of ["unpacked", "compressed", "files"]) rest[key] = Math.max(holder[key] - top[key], 0);
  const made = placesOf(top, holder);
  if (rest.files) made.push(new Place({ ...rest, title: `… ${files(rest.files)}` }, holder, null));
  return made;
}

function placesOf(at, parent) {
  return [...at.inside.values()].map((below) => {
    if (!below.inside) return new Place(below, parent, null);
    let names = below.title;
    while (below.inside.size === 1 && [...below.inside.values()][0].inside) {
      [below] = below.inside.values();
      names += `/${below.title}`;
    }
    const { unpacked, compressed, files: count, leaves } = below;
    const fields = { title: names, kind: 1, owner: parent.owner, layer: MIXED, unpacked, compressed, files: count, leaves };
    return new Place(fields, parent, (self) => placesOf(below, self));
  });
}

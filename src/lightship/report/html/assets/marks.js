// Findings and the files they are about: where they are, and how much of a place is theirs.

const marksByColumns = new Map();

function marksOf(columns) {
  // By node without children: the numbers of the findings that are about it.
  if (marksByColumns.has(columns)) return marksByColumns.get(columns);
  const marks = new Map(), told = columns.marks;
  for (let at = 0; at < told.length;) {
    const finding = told[at], end = at + 2 + 2 * told[at + 1];
    let node = 0;
    for (at += 2; at < end; at += 2) {
      node += told[at];
      for (const last = node + told[at + 1]; node < last; node++) {
        if (!marks.has(node)) marks.set(node, []);
        marks.get(node).push(finding);
      }
    }
  }
  marksByColumns.set(columns, marks);
  return marks;
}

function nodesOf(finding, columns) {
  return [...marksOf(columns)].filter(([, findings]) => findings.includes(finding)).map(([node]) => node);
}

function eachLeaf(place, act) {
  // Nodes without children in a place of any tree, each once.
  const { columns, node, leaves } = place;
  if (leaves) return leaves.forEach(act);
  if (node === undefined) return (place.parts || place.inside).forEach((it) => eachLeaf(it, act));
  const todo = [node];
  while (todo.length) {
    const here = todo.pop(), count = columns.count[here];
    for (let step = 0; step < count; step++) todo.push(columns.first[here] + step);
    if (!count) act(here);
  }
}

const columnsOf = (place) => (place.isHidden ? data.hidden : data.files);

function amount(place, finding) {
  // How much of a place one finding is about, or any where none is named; null for none of it.
  const columns = columnsOf(place), marks = marksOf(columns), found = { ...sums() };
  let isAny = false;
  eachLeaf(place, (node) => {
    const findings = marks.get(node);
    if (!findings || (finding && !findings.includes(finding))) return;
    isAny = true;
    add(found, { unpacked: columns.unpacked[node], compressed: columns.compressed[node], files: columns.files[node] });
  });
  return isAny ? found : null;
}

function touching(place) {
  // Findings that are about something in a place, with how much of it, most bytes first.
  const columns = columnsOf(place), marks = marksOf(columns), found = new Map();
  eachLeaf(place, (node) => (marks.get(node) || []).forEach((finding) => {
    if (!found.has(finding)) found.set(finding, sums());
    add(found.get(finding), { unpacked: columns.unpacked[node], compressed: columns.compressed[node], files: columns.files[node] });
  }));
  return [...found].sort((one, other) => other[1].unpacked - one[1].unpacked || one[0] - other[0]);
}

function viewOf(finding) {
  if (nodesOf(finding, data.files).length) return "files";
  return data.hidden && nodesOf(finding, data.hidden).length ? "hidden" : null;
}

function nearest(nodes, columns) {
  // The deepest node that has all of these below it.
  const above = aboveOf(columns);
  const pathOf = (node) => { const path = []; for (let here = above[node]; here >= 0; here = above[here]) path.unshift(here); return path; };
  let shared = pathOf(nodes[0]);
  for (const node of nodes) {
    const path = pathOf(node), differs = shared.findIndex((each, step) => path[step] !== each);
    if (differs >= 0) shared = shared.slice(0, differs);
  }
  return shared[shared.length - 1] ?? 0;
}

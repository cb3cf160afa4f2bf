// Squarified treemap (Bruls, Huizing, van Wijk, 2000), nested, drawn as elements: only what is large enough to be seen.

const SMALLEST_AREA = 150, MOST_LEVELS = 5, HEAD = 21, EDGE = 3;

function squarified(items, box) {
  // `items` are [value, thing], largest first; gives [thing, box] that fill the box.
  const placed = [];
  let { x, y, w, h } = box, left = items.reduce((sum, item) => sum + item[0], 0), from = 0;
  while (from < items.length && left > 0 && w > 0 && h > 0) {
    const side = Math.min(w, h), scale = (w * h) / left;
    let to = from, row = 0, worst = Infinity;
    while (to < items.length) {
      const sum = row + items[to][0], breadth = (sum * scale) / side;
      const ratio = (value) => Math.max(breadth ** 2 / (value * scale), (value * scale) / breadth ** 2);
      const next = Math.max(ratio(items[from][0]), ratio(items[to][0]));
      if (to > from && next > worst) break;
      [worst, row, to] = [next, sum, to + 1];
    }
    const breadth = (row * scale) / side;
    let at = w >= h ? y : x;
    for (; from < to; from++) {
      const length = (items[from][0] * scale) / breadth;
      placed.push([items[from][1], w >= h ? { x, y: at, w: breadth, h: length } : { x: at, y, w: length, h: breadth }]);
      at += length;
    }
    if (w >= h) [x, w] = [x + breadth, w - breadth];
    else [y, h] = [y + breadth, h - breadth];
    left -= row;
  }
  return placed;
}

function sorted(places, measure) {
  return [...places].sort((one, other) => other[measure] - one[measure]);
}

function unwrapped(place, measure) {
  // What to draw in a place: a directory that has all of it, but for what is too small to be seen, is one frame more.
  let inside = place.inside, title = place.title;
  for (;;) {
    const large = inside.find((it) => it.isOpen && it.kind < GROUP && it[measure] > 0.999 * place[measure]);
    if (!large) return { inside, title };
    if (place.kind < GROUP) title += `/${large.title}`;
    inside = [...large.inside, ...inside.filter((it) => it !== large)];
  }
}

function tilesOf(place, inside, measure, box, level, above, tiles) {
  const told = sorted(inside, measure).filter((it) => it[measure] > 0), total = told.reduce((sum, it) => sum + it[measure], 0);
  const least = (SMALLEST_AREA * total) / Math.max(box.w * box.h, 1);
  let seen = told.findIndex((it) => it[measure] < least);
  if (seen < 0 || seen === told.length - 1) seen = told.length;
  const items = told.slice(0, seen).map((it) => [it[measure], it]);
  if (seen < told.length) {
    const fields = { kind: FOLDED, ...unknown() };
    told.slice(seen).forEach((it) => blend(fields, it));
    const isHidden = place.isHidden, hint = place, parts = told.slice(seen);
    items.push([fields[measure], new Place({ ...fields, title: `… ${files(fields.files)}`, isHidden, hint, parts }, place, null)]);
  }
  for (const [it, at] of squarified(items, box)) {
    const tile = { place: it, box: at, level, above, first: null };
    if (above && !above.first) above.first = tile;
    tiles.push(tile);
    tile.isOpen = it.isOpen && at.w >= 64 && at.h >= 50 && level < MOST_LEVELS;
    if (!tile.isOpen) continue;
    const { inside: within, title } = unwrapped(it, measure);
    tile.title = title;
    const inner = { x: at.x + EDGE, y: at.y + HEAD, w: at.w - 2 * EDGE, h: at.h - HEAD - EDGE };
    tilesOf(it, within, measure, inner, level + 1, tile, tiles);
  }
  return tiles;
}

function paint(tile, mode) {
  // The kind is in the words beside and in the pattern as well: colour alone says nothing.
  const { owner, layer, by, isHidden } = tile.place;
  if (tile.isOpen) return "open";
  if (mode === "layer" || isHidden) return layer === MIXED ? "mixed" : `c${layer % 6} ${layer >= 6 ? "striped" : ""}`;
  if (owner === -1) return "nobody";
  if (owner === MIXED) return tile.place.ecosystem ? `c${ecosystemNumber(tile.place.ecosystem)}` : "mixed";
  return `c${ecosystemNumber(data.packages[owner].ecosystem)}`;
}

const ecosystemNumber = (name) => Object.keys(data.ecosystems).indexOf(name) % 6;

function drawTreemap(stage, place, { measure, mode, whole, lit, open, point }) {
  const box = { x: 0, y: 0, w: stage.clientWidth, h: stage.clientHeight };
  const tiles = tilesOf(place, place.inside, measure, box, 0, null, []);
  const made = tiles.map((tile) => {
    const { files: count } = tile.place, title = tile.title || tile.place.title, { x, y, w, h } = tile.box;
    const said = bytes(tile.place[measure]), part = lit && !tile.isOpen ? lit(tile.place) : null;
    const shade = lit && !tile.isOpen ? (part ? "lit" : "dim") : paint(tile, mode);
    const button = element("div", {
      role: "button", tabindex: "-1", class: `tile ${shade}`,
      "aria-label": `${title}: ${said} ${measure}, ${percent(tile.place[measure], whole)}, ${files(count)}`
        + (part ? `; ${bytes(part[measure])} of it highlighted` : ""),
    });
    Object.assign(button.style, { left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px` });
    // Neighbouring packages differ a little, so that it is seen where one ends.
    if (tile.place.owner >= 0 && mode === "owner" && !lit) button.style.setProperty("--tone", `${26 + ((tile.place.owner * 7) % 5) * 6}%`);
    if (w > 30 && h > 17) {
      button.append(element("b", { text: title, class: w < 90 ? "cut" : false }));
      if (tile.isOpen ? w > 120 : h > 36 && w > 60) button.append(element("i", { text: said }));
    }
    button.addEventListener("click", () => open(tile.place));
    button.addEventListener("pointerenter", () => point(tile.place));
    button.addEventListener("focus", () => point(tile.place));
    tile.button = button;
    return button;
  });
  stage.replaceChildren(...made);
  stage.tiles = tiles;
  if (tiles.length) made[0].tabIndex = 0;
}

function moved(tiles, tile, key) {
  // Where an arrow leads from a tile: to its neighbours in order of size, into it, or out of it.
  const beside = tiles.filter((it) => it.above === tile.above), at = beside.indexOf(tile);
  if (key === "ArrowRight") return beside[at + 1];
  if (key === "ArrowLeft") return beside[at - 1];
  if (key === "ArrowDown") return tile.first;
  if (key === "ArrowUp") return tile.above;
  if (key === "Home") return beside[0];
  return key === "End" ? beside[beside.length - 1] : null;
}

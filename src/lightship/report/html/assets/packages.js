// The table of packages: found by what is typed, ordered by a column. Only as many rows as are looked at.

const table = { key: "unpacked", isDown: true, wanted: "", rows: 60 };
const ORDERS = {
  name: (it) => it.name.toLowerCase(), ecosystem: (it) => ecosystemTitle(it.ecosystem), layer: (it) => it.layer,
  compressed: (it) => it.compressed, unpacked: (it) => it.unpacked, files: (it) => it.files, by: (it) => it.byCount,
};

function packageRow(it) {
  const title = it.files
    ? element("button", { type: "button", text: it.name, click: () => { goToPackage(it.owner); scrollToTree(); } })
    : element("span", { text: it.name });
  const name = element("th", { scope: "row" }, title, element("small", { text: it.version }));
  const cell = (text, small) => element("td", { text }, ...(small ? [element("small", { text: small })] : []));
  const needed = it.by.length
    ? element("td", { class: "words" }, packageButtonsShort(it))
    : element("td", { class: "words", text: it.requested ? "asked for" : "" });
  const own = it.within === null ? files(it.files) : `in ${data.packages[it.within].name}`;
  return element("tr", {}, name, element("td", { class: "words", text: ecosystemTitle(it.ecosystem) }),
    cell(bytes(it.compressed)), cell(bytes(it.unpacked)), cell(own), cell(String(it.layer + 1)), needed);
}

function packageButtonsShort({ by, byCount }) {
  if (byCount <= 3) return packageButtons(by, byCount);
  const said = `${data.packages[by[0]].name} and ${number(byCount - 1)} others`;
  return element("details", {}, element("summary", { text: said }), packageButtons(by, byCount));
}

function scrollToTree() {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("explore").scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
  byId("trail").querySelector("[aria-current]")?.focus({ preventScroll: true });
}

function matching() {
  const words = table.wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (it) => words.every((word) =>
    it.name.toLowerCase().includes(word) || ecosystemTitle(it.ecosystem).toLowerCase().includes(word));
  const order = ORDERS[table.key], turn = table.isDown ? -1 : 1;
  return data.packages.filter(fits).sort((one, other) => {
    const [a, b] = [order(one), order(other)];
    return turn * (a < b ? -1 : a > b ? 1 : 0) || other.unpacked - one.unpacked;
  });
}

function showPackages() {
  const found = matching();
  byId("packages-body").replaceChildren(...found.slice(0, table.rows).map(packageRow));
  const sum = found.reduce((total, it) => total + it.unpacked, 0);
  byId("packages-said").textContent = `${number(found.length)} of ${number(data.packages.length)} packages, ${bytes(sum)} unpacked`;
  const left = found.length - table.rows;
  byId("packages-more").hidden = left <= 0;
  byId("packages-more").textContent = `show ${number(Math.max(left, 0))} more`;
  for (const head of document.querySelectorAll("#packages-head th")) {
    if (head.dataset.key === table.key) head.setAttribute("aria-sort", table.isDown ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

function startPackages() {
  if (!byId("packages-body")) return;
  for (const head of document.querySelectorAll("#packages-head th")) {
    const { key } = head.dataset;
    const act = () => {
      table.isDown = table.key === key ? !table.isDown : !["name", "ecosystem", "layer"].includes(key);
      table.key = key;
      showPackages();
    };
    head.replaceChildren(element("button", { type: "button", text: head.textContent, click: act }));
  }
  byId("packages-tools").hidden = false;
  byId("packages-wanted").addEventListener("input", (event) => {
    table.wanted = event.target.value;
    table.rows = 60;
    showPackages();
  });
  byId("packages-more").addEventListener("click", () => { table.rows = Infinity; showPackages(); });
  showPackages();
}

data.packages.forEach((it, owner) => { it.owner = owner; });
startExploring();
startPackages();
startFindings();

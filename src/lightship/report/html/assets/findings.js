// Findings: from one to its files, from a place to the findings about it, and their fixes to the clipboard.

const articleOf = (finding) => byId(`finding-${finding}`);

function litBy() {
  // How much of a place is highlighted; null where nothing is.
  if (state.finding) return (place) => amount(place, state.finding);
  return state.mode === "findings" ? (place) => amount(place, null) : null;
}

const litWords = () => (state.finding ? `finding ${state.finding}` : "findings are about it");

function showFinding(finding) {
  // Where its files are, highlighted; without one, what is looked at without it.
  state.finding = finding;
  if (!finding) return go(state.place);
  const view = viewOf(finding);
  state.view = view;
  go(branching(placeAt(nearest(nodesOf(finding, data[view]), data[view]), view)));
  scrollToTree();
}

function showAbout() {
  const said = byId("about"), finding = state.finding;
  said.hidden = !finding;
  if (!finding) return;
  said.replaceChildren(
    element("b", { text: `Highlighted: finding ${finding}` }), ` ${data.findings[finding].message} `,
    element("a", { href: `#finding-${finding}`, text: "read it" }), " ",
    element("button", { type: "button", text: "show everything", click: () => showFinding(null) }));
}

function findingLinks(findings, place) {
  const list = element("ul", {});
  findings.slice(0, 8).forEach(([finding, { unpacked, files: count }]) => {
    const { code, severity } = data.findings[finding];
    const link = element("a", { href: `#finding-${finding}`, text: `${severity} ${finding}: ${code}` });
    const said = place.kind === FILE ? "" : `, ${bytes(unpacked)} in ${files(count)}`;
    list.append(element("li", {}, link, said));
  });
  if (findings.length > 8) list.append(element("li", { text: `and ${number(findings.length - 8)} others` }));
  return list;
}

function showTarget() {
  // A finding that is folded away is unfolded when a link leads to it.
  const target = byId(location.hash.slice(1));
  if (!target?.classList.contains("finding")) return;
  for (let here = target.parentElement; here; here = here.parentElement) if (here.tagName === "DETAILS") here.open = true;
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
}

async function copied(from) {
  const text = from.textContent;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {  // a browser that gives a page from disk no clipboard
    const range = document.createRange();
    range.selectNodeContents(from);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy");
  }
}

function startFindings() {
  Object.keys(data.findings).map(Number).forEach((finding) => {
    const article = articleOf(finding), fix = article?.querySelector(".fix");
    const acts = element("p", { class: "acts" });
    if (article && viewOf(finding)) {
      acts.append(element("button", { type: "button", text: "show its files", click: () => showFinding(finding) }));
    }
    if (fix) {
      const said = element("span", { role: "status", class: "note" });
      const copy = element("button", {
        type: "button", text: "copy the fix",
        click: async () => { said.textContent = (await copied(fix)) ? "copied" : "selected: copy it with the keyboard"; },
      });
      acts.append(copy, said);
    }
    if (acts.children.length) article.append(acts);
  });
  window.addEventListener("beforeprint", () => document.querySelectorAll("details.more").forEach((it) => { it.open = true; }));
  showTarget();
}

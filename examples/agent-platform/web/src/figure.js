import "katex/dist/katex.min.css";
import katex from "katex";
import mermaid from "mermaid";

const FORMULA = String.raw`\cos(q, d) = \frac{q \cdot d}{\lVert q \rVert \, \lVert d \rVert}`;
const DIAGRAM = "flowchart LR\n question --> vector --> nearest[nearest documents] --> answer";

/** How a question finds its documents, in `place`: a formula and a diagram, from libraries that are large and seldom
 * wanted. */
export async function figure(place) {
  place.replaceChildren(document.createElement("p"), document.createElement("figure"));
  katex.render(FORMULA, place.querySelector("p"));
  mermaid.initialize({ startOnLoad: false });
  const { svg } = await mermaid.render("diagram", DIAGRAM);
  place.querySelector("figure").innerHTML = svg;
}

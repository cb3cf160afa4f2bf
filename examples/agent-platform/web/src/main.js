import "@fontsource/inter/latin-400.css";
import "./style.css";

const list = document.querySelector("ol");
const section = document.querySelector("section");

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = new URLSearchParams(new FormData(event.target));
  const answer = await fetch(`/search?${query}`);
  const { results } = await answer.json();
  list.replaceChildren(
    ...results.map(({ name, score }) => {
      const item = document.createElement("li");
      item.textContent = `${name} (${score})`;
      return item;
    }),
  );
});

// Parts of their own, asked for when they are wanted: a tab that was opened before a release asks for the old ones.
document.querySelector("#about").addEventListener("click", async () => {
  const { about } = await import("./about.js");
  await about(section);
});

document.querySelector("#figure").addEventListener("click", async () => {
  const { figure } = await import("./figure.js");
  await figure(section);
});

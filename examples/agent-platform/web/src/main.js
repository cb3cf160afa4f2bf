import "./style.css";

const list = document.querySelector("ol");

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

import "./about.css";

/** Say in `place` what the server runs. */
export async function about(place) {
  const answer = await fetch("/about");
  const { python, distributions } = await answer.json();
  place.textContent = `Python ${python}, ${distributions} distributions`;
}

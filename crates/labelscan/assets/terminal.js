// One terminal: its warranty and its maintenance.

import { call, say } from "./console.js";

const address = `/v1/terminals/${encodeURIComponent(document.getElementById("terminal").dataset.key)}`;
const notice = document.getElementById("notice");

async function save(method, path, body) {
  const answer = await call(method, address + path, body);
  if (answer.ok) return location.reload();
  say(notice, answer.body?.detail ?? answer.body?.title ?? notice.dataset.failed);
}

function onSubmit(form, action) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    action(Object.fromEntries(new FormData(form)));
  });
}

onSubmit(document.getElementById("warranty"), ({ until }) => save("PUT", "/warranty", { until: until || null }));
for (const form of document.querySelectorAll("form.work")) {
  const { id } = form.dataset;
  onSubmit(form, (work) => save(id ? "PUT" : "POST", id ? `/maintenance/${id}` : "/maintenance", work));
}

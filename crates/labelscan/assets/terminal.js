// One terminal: its warranty, its maintenance, and whether it is what it is said to be.

import { call, say } from "./console.js";

const address = `/v1/terminals/${encodeURIComponent(document.getElementById("terminal").dataset.key)}`;
const notice = document.getElementById("notice");
const verdict = document.getElementById("verdict");

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

onSubmit(document.getElementById("verify"), async ({ merchant }) => {
  const answer = await call("POST", `${address}/verify`, merchant ? { merchant } : {});
  if (!answer.ok) return say(notice, answer.body?.detail ?? answer.body?.title ?? notice.dataset.failed);
  const why = answer.body.reasons.map((reason) => reason.hint).join(" ");
  verdict.className = answer.body.verdict === "matches" ? "notice good" : "notice";
  say(verdict, `${verdict.dataset[answer.body.verdict]} ${why}`.trim());
});

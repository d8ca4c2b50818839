// One terminal: its warranty, its maintenance, and whether it is what it is said to be.

import { call, say } from "./console.js";

const address = `/v1/terminals/${encodeURIComponent(document.getElementById("terminal").dataset.key)}`;
const notice = document.getElementById("notice");
const verdict = document.getElementById("verdict");

function failed(answer) {
  say(notice, answer.body?.detail ?? answer.body?.title ?? notice.dataset.failed);
  notice.scrollIntoView({ block: "nearest" });
}

async function save(method, path, body) {
  const answer = await call(method, address + path, body);
  if (answer.ok) location.reload();
  else failed(answer);
}

/** Saves a record and, if one was chosen, its photo. */
async function saveWork(form, { photo, ...work }) {
  const { id } = form.dataset;
  const answer = id
    ? await call("PUT", `${address}/maintenance/${id}`, work)
    : await call("POST", `${address}/maintenance`, work);
  if (!answer.ok) return failed(answer);
  const record = id ? `${address}/maintenance/${id}` : answer.location;
  // From here on the record is there: a photo that is refused must not make it a second time.
  if (!id) form.dataset.id = record.split("/").pop();
  if (photo?.size) {
    // The type that a system gives a file is anybody's guess; the service looks at the content.
    const added = await call("POST", `${record}/photos`, new Blob([photo], { type: "image/*" }));
    if (!added.ok) return failed(added);
  }
  location.reload();
}

function onSubmit(form, action) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    action(Object.fromEntries(new FormData(form)));
  });
}

onSubmit(document.getElementById("warranty"), ({ until }) => save("PUT", "/warranty", { until: until || null }));
for (const form of document.querySelectorAll("form.work")) onSubmit(form, (work) => saveWork(form, work));
for (const button of document.querySelectorAll("button[data-remove]")) {
  button.addEventListener("click", () => save("DELETE", button.dataset.remove));
}

document.getElementById("withdraw")?.addEventListener("click", () => save("POST", "/events", { event: "withdraw" }));

onSubmit(document.getElementById("verify"), async ({ merchant }) => {
  const answer = await call("POST", `${address}/verify`, merchant ? { merchant } : {});
  if (!answer.ok) return failed(answer);
  const why = answer.body.reasons.map((reason) => reason.hint).join(" ");
  verdict.className = answer.body.verdict === "matches" ? "notice good" : "notice";
  say(verdict, `${verdict.dataset[answer.body.verdict]} ${why}`.trim());
});

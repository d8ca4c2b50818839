// Trying deliveries again: one, all of a state, or the whole way to the registry.

import { call, say } from "./console.js";

const notice = document.getElementById("notice");

async function act(button, path, body) {
  button.disabled = true;
  const answer = await call("POST", path, body);
  if (!answer.ok && answer.status !== 409) {
    button.disabled = false;
    say(notice, answer.body?.detail ?? answer.body?.title ?? notice.dataset.failed);
    return null;
  }
  return answer.body ?? {};
}

for (const button of document.querySelectorAll("button[data-replay]")) {
  button.addEventListener("click", async () => {
    const done = await act(button, `/v1/deliveries/${encodeURIComponent(button.dataset.replay)}/replay`);
    if (done) location.reload();
  });
}

const all = document.getElementById("replay_all");
all?.addEventListener("click", async () => {
  for (let more = true; more;) {
    const done = await act(all, "/v1/deliveries/replay", { status: all.dataset.status });
    if (!done) return;
    more = done.more && done.replayed > 0;
  }
  location.assign("/console/deliveries?status=queued");
});

const reopen = document.getElementById("reopen");
reopen?.addEventListener("click", async () => (await act(reopen, "/v1/registry/reopen")) && location.reload());

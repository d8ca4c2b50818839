// Sign-in links: made by the service, shown here once as a link and as a picture for a phone.

import { call, say } from "./console.js";

const form = document.getElementById("invite");
const invitation = document.getElementById("invitation");
const notice = document.getElementById("notice");
const copy = document.getElementById("copy");
const copyText = copy.textContent;
let picture = "";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const name = data.get("name").trim();
  const answer = await call("POST", "/v1/sign-ins", { name, role: data.get("role") });
  say(notice, answer.ok ? "" : answer.body?.detail ?? answer.body?.title ?? form.dataset.failed);
  invitation.hidden = !answer.ok;
  if (!answer.ok) return;
  URL.revokeObjectURL(picture);
  picture = URL.createObjectURL(new Blob([answer.body.qr_svg], { type: "image/svg+xml" }));
  const title = invitation.querySelector("h2");
  title.textContent = title.dataset.text.replace("{name}", name);
  document.getElementById("qr").src = picture;
  document.getElementById("link").textContent = answer.body.link;
  copy.textContent = copyText;
  // Without HTTPS a page may not write to the clipboard; the link can still be marked by hand.
  copy.hidden = !navigator.clipboard;
  invitation.scrollIntoView({ block: "nearest" });
});

copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(document.getElementById("link").textContent);
  copy.textContent = copy.dataset.copied;
});

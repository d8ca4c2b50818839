// What waits on this phone: whose it is, when it is sent, and what came back while nobody looked.

import { element } from "./element.js";
import { forget, kept, mayBeDropped, send, updateAll } from "./outbox.js";
import { badge, moment } from "./scan_view.js";

/** Where the answers that nobody has looked at are counted, by status, until they are. */
const ARRIVED = "arrived";
/** Milliseconds after which another tab that was sending is asked again. */
const OTHER_TAB_MS = 5000;

const waiting = document.getElementById("waiting");
const arrived = document.getElementById("arrived");
/** Keys whose details are still being completed. */
const unfinished = new Set();
/** What the page does: see `begin`. */
let page = null;
let pumping = false;
let timer = 0;
/** Entries that this page has sent since nothing waited. */
let sent = 0;

/**
 * Begins to send what waits. `owner` is who is signed in. `say(...words)` tells, `sending(entry)` hears
 * what is sent next, `answered(entry, scan)` whether the answer is looked at, `refused(entry)` and
 * `stopped(entries)` what waits for longer.
 */
export function begin(callbacks) {
  page = callbacks;
  addEventListener("online", pump);
  document.addEventListener("visibilitychange", () => document.hidden || pump());
  document.querySelector("form[action='/sign-out']").addEventListener("submit", askBeforeLeaving);
  drawArrived();
  return pump();
}

/** Completes entries that were just kept; they are not sent before. */
export async function complete(entries, finish) {
  for (const entry of entries) unfinished.add(entry.key);
  try {
    if (await finish()) await updateAll(entries);
  } finally {
    for (const entry of entries) unfinished.delete(entry.key);
  }
}

/** Sends everything that waits, one after the other, and comes back when the network does. */
export async function pump() {
  if (!navigator.locks) return sendAll();
  // Two tabs must not send the same photo at the same time.
  return navigator.locks.request("pump", { ifAvailable: true }, (lock) => (lock ? sendAll() : waitForOther()));
}

async function waitForOther() {
  if (pumping) return;
  stop(await kept(), OTHER_TAB_MS);
}

function stop(entries, wait) {
  drawWaiting(entries);
  page.stopped(entries);
  clearTimeout(timer);
  if (wait) timer = setTimeout(pump, wait);
}

function isMine(entry) {
  return entry.owner === page.owner;
}

function isSendable(entry) {
  return isMine(entry) && !entry.problem && !unfinished.has(entry.key);
}

async function sendAll() {
  if (pumping) return;
  pumping = true;
  clearTimeout(timer);
  try {
    for (;;) {
      const entries = await kept();
      drawWaiting(entries);
      const entry = entries.find(isSendable);
      if (!entry) {
        sent = 0;
        page.stopped(entries);
        break;
      }
      page.sending(entry);
      const wait = await pass(entry);
      if (wait !== undefined) {
        stop(await kept(), wait);
        break;
      }
      sent += 1;
    }
  } finally {
    pumping = false;
  }
}

/** Sends one entry; answers how long the queue has to wait, 0 for a person; undefined if it goes on. */
async function pass(entry) {
  const { texts, say } = page;
  const answer = await send(entry);
  if (answer.signIn) {
    say(texts.sign_in_needed, element("a", { href: "/sign-in" }, texts.sign_in_title));
    return 0;
  }
  if (answer.otherPerson) {
    say(texts.phone.other_person, element("a", { href: "/" }, texts.phone.reload));
    return 0;
  }
  if (answer.retry) {
    say(navigator.onLine ? texts.retrying : texts.offline);
    return answer.retry;
  }
  say("");
  if (answer.problem) {
    page.refused(entry);
    return undefined;
  }
  await forget(entry.key);
  if (!page.answered(entry, answer.scan)) announce(answer.scan);
  return undefined;
}

/** What waits, one line each: mine, then how many are of whom else. */
function drawWaiting(entries) {
  const { texts } = page;
  const mine = entries.filter(isMine);
  const others = grouped(entries.filter((entry) => !isMine(entry)));
  waiting.replaceChildren(...mine.map(line), ...others.map(othersLine));
  waiting.parentElement.hidden = entries.length === 0;
  const count = mine.filter((entry) => !entry.problem).length;
  const words = [texts.waiting_count.replace("{n}", count), sent ? texts.phone.sent_count.replace("{n}", sent) : ""];
  document.getElementById("queue").textContent =
    count ? words.filter(Boolean).join(", ") : mine.length ? texts.states.failed : texts.phone.waiting_others;
  navigator.setAppBadge?.(count).catch(() => {});
  if (count) warnIfDropped();
}

/** Pairs of owner and entries. */
function grouped(entries) {
  const of = new Map();
  for (const entry of entries) of.set(entry.owner, [...(of.get(entry.owner) ?? []), entry]);
  return [...of];
}

function line(entry) {
  const { texts } = page;
  const state = entry.problem ? "failed" : "queued";
  const why = entry.problem && (texts.problems[entry.problem.code] ?? entry.problem.title);
  const words = why ?? moment(entry.keptAt, texts);
  const dismiss = element("button", { type: "button", onclick: () => forget(entry.key).then(pump) }, texts.phone.dismiss);
  return element("li", { class: "row" }, badge(state, texts), element("span", { class: "grow" }, words), entry.problem ? dismiss : null);
}

/** Photos of somebody else are sent as theirs; what an earlier version kept has no name to it. */
function othersLine([owner, entries]) {
  const { texts } = page;
  const words = owner ? texts.phone.of_other.replaceAll("{who}", owner) : texts.phone.of_nobody;
  const mine = async () => {
    await updateAll(entries.map((entry) => ({ ...entry, owner: page.owner })));
    await pump();
  };
  return element("li", { class: "row" }, badge("queued", texts),
    element("span", { class: "grow" }, words.replace("{n}", entries.length)),
    owner ? null : element("button", { type: "button", onclick: mine }, texts.phone.mine));
}

async function warnIfDropped() {
  document.getElementById("dropped").hidden = !(await mayBeDropped());
}

/** Photos stay on the phone when their owner signs out, unsent: that is asked first. */
async function askBeforeLeaving(event) {
  event.preventDefault();
  const form = event.target;
  const count = (await kept()).filter((entry) => isMine(entry) && !entry.problem).length;
  const question = page.texts.phone.leave_waiting.replace("{n}", count);
  if (count === 0 || confirm(question)) form.submit();
}

/** Counts an answer that came while something else was looked at, until somebody has read it. */
function announce(scan) {
  const counts = JSON.parse(localStorage.getItem(ARRIVED) ?? "{}");
  counts[scan.status] = (counts[scan.status] ?? 0) + 1;
  localStorage.setItem(ARRIVED, JSON.stringify(counts));
  drawArrived();
}

function drawArrived() {
  const { texts } = page;
  const counts = JSON.parse(localStorage.getItem(ARRIVED) ?? "{}");
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  arrived.hidden = total === 0;
  if (!total) return arrived.replaceChildren();
  const seen = () => {
    localStorage.removeItem(ARRIVED);
    drawArrived();
  };
  return arrived.replaceChildren(
    element("strong", {}, texts.phone.arrived.replace("{n}", total)),
    ...Object.entries(counts).map(([status, count]) => element("span", {}, `${count} `, badge(status, texts))),
    element("button", { type: "button", onclick: seen }, texts.phone.dismiss));
}

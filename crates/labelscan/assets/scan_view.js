// Shows one Scan object: the serial in groups, where it was found, how it was checked, what comes
// next; on doubt the candidates, to confirm or to correct.

/** Builds an element; strings become text, never markup. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

/** A serial in groups of four, doubtful positions marked; read out character by character. */
export function serial(value, doubtful = [], small = false) {
  const box = element("div", { class: small ? "serial small" : "serial", role: "img", "aria-label": [...value].join(" ") });
  const characters = [...value];
  for (let start = 0; start < characters.length; start += 4) {
    const group = element("span");
    for (let at = start; at < Math.min(start + 4, characters.length); at++) {
      group.append(doubtful.includes(at) ? element("mark", {}, characters[at]) : characters[at]);
    }
    box.append(group);
  }
  return box;
}

export function badge(status, texts) {
  return element("span", { class: `badge ${status}` }, texts.states[status] ?? status);
}

/** The photo with the serial's place drawn on it, once the picture's size is known. */
function shot(source, place) {
  const image = element("img", { src: source, alt: "" });
  const box = element("div", { class: "shot" }, image);
  if (place) {
    image.addEventListener("load", () => {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
      const polygon = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
      polygon.setAttribute("points", place.quad.map((p) => `${p.x},${p.y}`).join(" "));
      svg.append(polygon);
      box.append(svg);
    });
  }
  return box;
}

function list(items, className) {
  return items.length ? element("ul", { class: className }, ...items.map((item) => element("li", {}, item))) : undefined;
}

/**
 * The whole view of a scan. `decide(action, serial)` posts a decision; it may reject with a text
 * to show. `photo` is the address of its picture, if there is one.
 */
export function scanView(scan, texts, photo, decide) {
  const best = scan.serial ?? scan.candidates?.[0];
  const reasons = (scan.reasons ?? []).map((reason) => texts.reasons[reason.code] ?? reason.hint);
  const view = element("section", { class: "card", "aria-live": "polite" });
  view.append(element("p", {}, badge(scan.status ?? "waiting", texts)));
  if (scan.serial) view.append(serial(scan.serial.value));
  if (scan.serial) view.append(element("p", { class: "quiet" }, checked(scan, texts)));
  // On doubt the photo stands before the candidates: they are compared with it.
  const inDoubt = scan.status === "review" || scan.status === "unreadable";
  if (photo && inDoubt) view.append(shot(photo, best?.place));
  if (scan.status === "review") view.append(element("h2", {}, texts.review_title));
  const hints = list(reasons, "hints");
  if (hints) view.append(hints);
  if (scan.status === "review") view.append(...candidates(scan, texts, decide));
  if (scan.status === "unreadable") view.append(byHand("", texts, decide));
  const registration = scan.registration?.status;
  if (registration && registration !== "none") {
    const code = scan.registration.code ? ` ${scan.registration.code}` : "";
    view.append(element("p", {}, `${texts.registration}: `, badge(registration, texts), code));
  }
  if (photo && !inDoubt) view.append(shot(photo, best?.place));
  return view;
}

function checked(scan, texts) {
  const checks = (scan.serial.checks ?? []).map((check) => texts.checks[check] ?? check);
  const vendor = scan.serial.vendor && scan.serial.vendor !== "unknown" ? [scan.serial.vendor] : [];
  return [...vendor, ...checks].join(" · ");
}

function candidates(scan, texts, decide) {
  const rows = (scan.candidates ?? []).slice(0, 5).map((candidate) =>
    element("div", { class: "row" },
      element("div", { class: "grow" }, serial(candidate.value, candidate.doubtful ?? [], true)),
      element("button", { type: "button", onclick: () => decide("confirm", candidate.value) }, texts.confirm)));
  const rest = list(rows, "plain");
  const first = scan.candidates?.[0]?.value ?? "";
  return [rest, byHand(first, texts, decide)].filter(Boolean);
}

/** Typing by hand, offered below what was read. */
function byHand(value, texts, decide) {
  const input = element("input", {
    type: "text", name: "serial", value, autocapitalize: "characters", autocomplete: "off",
    autocorrect: "off", spellcheck: "false", maxlength: "64", class: "mono", required: true,
  });
  const form = element("form", {},
    element("label", { class: "field" }, texts.by_hand, input),
    element("div", { class: "row" },
      element("button", { type: "submit" }, texts.correct),
      element("button", { type: "button", class: "plain", onclick: () => decide("reject") }, texts.reject)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    decide("correct", input.value);
  });
  const fold = element("details", {}, element("summary", { class: "button" }, texts.by_hand_title), form);
  return fold;
}

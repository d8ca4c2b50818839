// What a technician says about a terminal beside its photo. It stays as it is for the next one,
// except for what belongs to a single terminal.

const form = document.getElementById("details");
const NAME = "details";
const FIELDS = ["site", "merchant", "tid", "operation", "replaces", "note"];
/** These belong to one terminal. */
const ONCE = ["tid", "replaces", "note"];
const POSITION_MS_MAX = 4000;

/** What stands in the form, as the service takes it; what belonged to one terminal is cleared. */
export function currentDetails() {
  const details = { captured_at: new Date().toISOString() };
  for (const name of FIELDS) {
    const value = form.elements[name].value.trim();
    if (value && !form.elements[name].closest("[hidden]")) details[name] = value;
  }
  for (const name of ONCE) form.elements[name].value = "";
  store();
  return details;
}

/** Where the phone is, if it is to be said and its owner lets the page know in time. */
export function position() {
  return new Promise((resolve) => {
    if (!form.elements.position.checked) return resolve(undefined);
    const found = ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude });
    const limits = { timeout: POSITION_MS_MAX, maximumAge: 60000 };
    if (!navigator.geolocation) return resolve(undefined);
    return navigator.geolocation.getCurrentPosition(found, () => resolve(undefined), limits);
  });
}

function store() {
  const kept = Object.fromEntries(FIELDS.filter((name) => !ONCE.includes(name)).map((name) => [name, form.elements[name].value]));
  localStorage.setItem(NAME, JSON.stringify({ ...kept, position: form.elements.position.checked }));
}

function restore() {
  const kept = JSON.parse(localStorage.getItem(NAME) ?? "{}");
  for (const name of FIELDS) if (kept[name]) form.elements[name].value = kept[name];
  form.elements.position.checked = Boolean(kept.position);
}

/** The old terminal's serial is asked for only where there is one. The photo is kept first: what is
 * missing is asked for afterwards. */
function fit() {
  form.elements.replaces.closest("label").hidden = form.elements.operation.value !== "swap";
}

restore();
fit();
form.addEventListener("change", () => {
  fit();
  store();
});
form.addEventListener("submit", (event) => event.preventDefault());

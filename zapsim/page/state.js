// What is shown, and the way to it. All of it but filters stands in the address, so that an item
// can be linked to, and the browser's own history goes back.
const START = { view: "sheet", mode: "all", item: -1, like: [], unlike: [], words: "", page: 0 };
let state = { ...START };
// Settings, which are no steps of the way. So many neighbours are shown at most.
const MOST = 48;
// A link may hold more words than anybody types; each is looked for in every item.
const MOST_LETTERS = 200;
// Of a link's examples, liked or not, so many count; each is compared with every item.
const MOST_EXAMPLES = 50;
const settings = checkedSettings(stored("settings") ?? {});
// Keys, also of items that only another page with this drawer has; and the items of this page.
let starred = new Set();
const stars = new Set();
readStars();
let place = 0;
let furthest = 0;

// Anything may be in the drawer.
function checkedSettings({ k, hide, theme }) {
  return { k: Number.isInteger(k) && k > 0 ? Math.min(k, MOST) : 12, hide: hide === true, theme: ["dark", "light"].includes(theme) ? theme : undefined };
}

// What other tabs and pages put there is read before anything is written.
function readStars() {
  const kept = stored("stars");
  if (keeps && Array.isArray(kept)) starred = new Set(kept.filter((key) => typeof key === "string").map(wellFormed));
  stars.clear();
  for (const key of starred) if (itemOf.has(key)) stars.add(itemOf.get(key));
}

function changeStars(items, on) {
  readStars();
  for (const item of items) {
    if (on) starred.add(wellFormed(shop.keys[item]));
    else starred.delete(wellFormed(shop.keys[item]));
  }
  store("stars", [...starred]);
  readStars();
}

function toHash(of) {
  const parts = new URLSearchParams();
  if (of.view === "map") parts.set("view", "map");
  if (of.mode === "item") parts.set("item", wellFormed(shop.keys[of.item]));
  else if (of.mode !== "all") parts.set("show", of.mode);
  for (const item of of.like) parts.append("like", wellFormed(shop.keys[item]));
  for (const item of of.unlike) parts.append("unlike", wellFormed(shop.keys[item]));
  if (of.words) parts.set("words", of.words);
  if (of.page) parts.set("page", of.page + 1);
  return `#${parts}`;
}

function fromHash(hash) {
  const parts = new URLSearchParams(hash.slice(1));
  const known = (name) => [...new Set(parts.getAll(name).map((key) => itemOf.get(wellFormed(key))).filter((item) => item >= 0))].slice(0, MOST_EXAMPLES);
  const [item] = known("item");
  const show = parts.get("show");
  const like = known("like");
  let mode = item >= 0 ? "item" : "all";
  if (show === "stars" || (show === "several" && like.length)) mode = show;
  return {
    view: parts.get("view") === "map" ? "map" : "sheet",
    mode,
    item: item ?? -1,
    like,
    unlike: known("unlike").filter((one) => !like.includes(one)),
    words: (parts.get("words") ?? "").slice(0, MOST_LETTERS),
    page: Math.max(0, Math.floor(Number(parts.get("page") ?? 1)) - 1) || 0,
  };
}

function go(changes) {
  const next = { ...state, ...changes };
  if (next.mode === "several" && !next.like.length) next.mode = "all";
  if (next.mode !== "item") next.item = -1;
  const hash = toHash(next);
  if (hash === toHash(state)) return render();
  state = next;
  place += 1;
  furthest = place;
  history.pushState({ place }, "", hash);
  render();
}

const visit = (item) => go({ mode: "item", item, words: "", page: 0 });

function follow() {
  // An address that was typed, or a link, has no place yet.
  if (!history.state) history.replaceState({ place: document.documentElement.dataset.ready ? place + 1 : 0 }, "");
  place = history.state.place;
  furthest = Math.max(furthest, place);
  state = fromHash(location.hash);
  render();
}

function set(name, value) {
  settings[name] = value;
  store("settings", settings);
  render();
}

// --- several at once ---
const inQuery = () => (state.mode === "item" ? [state.item] : state.mode === "several" ? state.like : []);

function weigh(item, side) {
  const other = side === "like" ? "unlike" : "like";
  const next = { like: [...state.like], unlike: [...state.unlike] };
  if (next[side].includes(item)) next[side] = next[side].filter((one) => one !== item);
  else {
    // Whoever looks at an item's neighbours and wants them more like another one keeps the item.
    if (state.mode === "item" && !next.like.length && !(state.item === item)) next.like.push(state.item);
    next[side] = [...next[side], item];
    next[other] = next[other].filter((one) => one !== item);
  }
  if (next[side].length > MOST_EXAMPLES) return say(`No more than ${MOST_EXAMPLES} examples on one side can be searched by. Take one of them away first.`, true);
  const showing = state.mode === "item" || state.mode === "several";
  go({ ...next, mode: showing && next.like.length ? "several" : state.mode });
}

function toggleStar(item) {
  changeStars([item], !stars.has(item));
  if (state.mode === "stars") render();
  else showStars();
  say(`${isolated(item)} is ${stars.has(item) ? "a favourite" : "no favourite any more"}. ${plural(stars.size, "favourite")}.${keeps ? "" : ` ${LOST}`}`);
}

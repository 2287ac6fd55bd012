// Show the state, and say what changed.
function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

// What is shown now, in a sentence.
function summary() {
  const n = shown.length;
  const active = filters.some((filter) => filter.chosen.size);
  const those = active ? " with these filters" : "";
  if (state.mode === "item" || state.mode === "several") {
    const fewer = n < Math.min(settings.k, nItems - 1) ? `; ${counted(Math.min(settings.k, nItems - 1))} were asked for` : "";
    const names = (items) => (items.length > 2 ? plural(items.length, "item") : items.map(isolated).join(" and "));
    const whose = state.mode === "item" ? isolated(state.item) : `${names(state.like)}${state.unlike.length ? `, unlike ${names(state.unlike)}` : ""}`;
    const estimated = shown.some((one) => one.estimated) ? ". Scores with ≈ are estimates" : "";
    return `${plural(n, "neighbour")} of ${whose}${those}${fewer}${estimated}.`;
  }
  const all = state.mode === "stars" ? stars.size : nItems;
  const kind = state.mode === "stars" ? "favourite" : "item";
  if (!all) return "No favourites yet: a ☆ on a card makes one.";
  if (!n) return `None of ${plural(all, kind)} matches${state.words ? ` “${state.words}”` : ""}${those}. Take a word or a filter away.`;
  const lost = pictures.readable.filter((readable) => !readable).length;
  const unreadable = lost && state.mode === "all" ? ` ${plural(lost, "picture")} could not be read.` : "";
  return n === all ? `${plural(all, kind)}.${unreadable}` : `${counted(n)} of ${plural(all, kind)} ${n === 1 ? "matches" : "match"}${state.words && state.mode === "all" ? ` “${state.words}”` : ""}${those}.`;
}

const CANCELLED = "These examples cancel each other out: nothing is left to search by. Take one of them away.";
const everything = shop.keys.map((key, item) => item);
// What filters choose from, in the order in which it is shown.
function baseOf() {
  if (state.mode === "stars") return [...stars].sort((a, b) => a - b);
  return state.mode === "all" && state.words ? searched(state.words) : everything;
}

let lastStep = "";
function render() {
  const focus = document.activeElement?.dataset?.focus;
  const base = baseOf();
  const matching = matchFilters(base);
  const queried = state.mode === "item" || state.mode === "several";
  const neighbours = queried ? ranked(matching) : [];
  const found = neighbours ?? [];
  const list = queried ? [] : base.filter((item) => matching[item]).map((item) => ({ item }));
  const onTheMap = state.view === "map";
  at("cards").hidden = at("more").hidden = onTheMap;
  at("atlas").hidden = !onTheMap;
  showFilters();
  showQuery();
  shown = queried ? found : list;
  if (onTheMap) showMap(matching, found);
  else showCards();
  showBasket();
  showStars();
  at("to-sheet").setAttribute("aria-pressed", String(!onTheMap));
  at("to-map").setAttribute("aria-pressed", String(onTheMap));
  at("to-stars").setAttribute("aria-pressed", String(state.mode === "stars"));
  at("back").disabled = place === 0;
  at("forward").disabled = place >= furthest;
  document.body.classList.toggle("mapped", onTheMap);
  if (document.activeElement !== at("words")) at("words").value = state.words;
  say(neighbours ? summary() : CANCELLED, !neighbours);
  const step = `${state.mode}:${state.item}:${state.view}`;
  const again = focus && [...document.querySelectorAll("[data-focus]")].find((node) => node.dataset.focus === focus);
  if (again) again.focus({ preventScroll: true });
  else if (focus) (firstCard() ?? at("main")).focus({ preventScroll: true });
  if (step !== lastStep && queried && !onTheMap) window.scrollTo(0, 0);
  lastStep = step;
}

const back = () => place > 0 && history.back();
const turn = () => go({ view: state.view === "map" ? "sheet" : "map" });

function paintTheme(theme) {
  document.documentElement.dataset.theme = theme;
  draw();
}

function start() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => settings.theme ?? (dark.matches ? "dark" : "light");
  paintTheme(theme());
  dark.addEventListener("change", () => paintTheme(theme()));
  at("theme").addEventListener("click", () => {
    settings.theme = theme() === "dark" ? "light" : "dark";
    store("settings", settings);
    paintTheme(theme());
  });
  startSearch();
  startFilters();
  startQuery();
  startMap();
  startFiles();
  startKeys();
  at("home").addEventListener("click", () => go({ mode: "all", words: "", page: 0 }));
  at("to-sheet").addEventListener("click", () => go({ view: "sheet" }));
  at("to-map").addEventListener("click", () => go({ view: "map" }));
  at("to-stars").addEventListener("click", () => go({ mode: state.mode === "stars" ? "all" : "stars", words: "", page: 0 }));
  at("back").addEventListener("click", back);
  at("forward").addEventListener("click", () => history.forward());
  at("to-help").addEventListener("click", () => at("help").showModal());
  at("skip").addEventListener("click", (event) => {
    event.preventDefault();
    (firstCard() ?? at("main")).focus();
  });
  window.addEventListener("popstate", follow);
  window.addEventListener("storage", ({ key }) => {
    if (key !== `${drawer}:stars`) return;
    readStars();
    if (state.mode === "stars") render();
    else showStars();
  });
  store("settings", settings);
  at("accuracy").textContent = `Scores with ≈ are estimates, of several items at once and beyond the ${counted(shop.k)} nearest: 95 % are within ${shop.error.toFixed(3)}.`;
  follow();
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}
start();

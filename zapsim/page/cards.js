// Cards of items, the panel of the query, and the basket of several at once.
const PAGE = 60;
let shown = [];

function picture(item, size) {
  if (!pictures.readable[item]) return make("span", { className: "grey", role: "img", aria: { label: `${nameOf(item)}: the picture cannot be read` } }, "cannot be read");
  return make("img", { src: thumbOf(item), alt: nameOf(item), width: size, height: size, decoding: "async", draggable: false });
}

// A name for a narrow place: what tells an item from others of its kind comes last, and is not cut.
function named(item) {
  const text = shop.captions[item];
  const last = text.lastIndexOf(", ") + 1;
  return [make("span", { className: "kind" }, text.slice(0, last)), make("span", { className: "own" }, text.slice(last))];
}

// The buttons that every item has, on its card and in the panel of the query.
function actions(item, where) {
  const act = (sign, name, label, on, run) =>
    make("button", { className: "act", title: label, data: { focus: `${where}:${name}:${item}`, name }, aria: { pressed: String(on), label: `${label}: ${nameOf(item)}` }, onclick: run }, sign);
  return make("span", { className: "acts" },
    act(stars.has(item) ? "★" : "☆", "star", "Favourite", stars.has(item), () => toggleStar(item)),
    act("+", "like", "More like this", state.like.includes(item), () => weigh(item, "like")),
    act("−", "unlike", "Less like this", state.unlike.includes(item), () => weigh(item, "unlike")));
}

// A score, here and in what is saved; of an estimate, fewer digits are known.
const digitsOf = ({ score, estimated }) => score.toFixed(estimated ? 2 : 3);
const scoreOf = (found) => `${found.estimated ? "≈" : ""}${digitsOf(found)}`;

function card(found, rank) {
  const { item, score, estimated } = found;
  const pick = make("button", { className: "pick", title: shop.captions[item], data: { focus: `card:${item}`, item }, onclick: () => visit(item) },
    picture(item, pictures.size), make("span", { className: "name", dir: "auto" }, ...named(item)));
  const foot = make("span", { className: "foot" });
  if (score !== undefined) {
    const bar = make("span", { className: "level" });
    bar.style.width = `${Math.max(0, score) * 100}%`;
    pick.setAttribute("aria-label", `Number ${rank + 1}, score ${estimated ? "about " : ""}${digitsOf(found)}: ${nameOf(item)}`);
    foot.append(make("span", { className: "score", title: estimated ? "An estimate: see ?" : "Score" }, `#${rank + 1} `, make("b", {}, scoreOf(found)), make("span", { className: "track" }, bar)));
  }
  foot.append(actions(item, "card"));
  const marked = state.like.includes(item) ? "liked" : state.unlike.includes(item) ? "unliked" : "";
  return make("article", { className: `card ${marked}` }, pick, foot);
}

function showCards(ranks) {
  shown = ranks ?? shown;
  const first = pageNow() * PAGE;
  at("cards").replaceChildren(...shown.slice(first, first + PAGE).map((found, i) => card(found, first + i)));
  at("more").replaceChildren(...(shown.length > PAGE ? [pager(first)] : []));
}
const pageNow = () => Math.min(state.page, Math.max(0, Math.ceil(shown.length / PAGE) - 1));
function pager(first) {
  const page = first / PAGE;
  const step = (to, sign, label, possible) => make("button", { disabled: !possible, aria: { label: label }, data: { focus: `page:${label}` }, onclick: () => (go({ page: to }), at("main").scrollIntoView(), window.scrollTo(0, 0)) }, sign);
  const last = Math.ceil(shown.length / PAGE) - 1;
  return make("nav", { className: "pager", aria: { label: "Pages" } },
    step(0, "«", "First page", page > 0), step(page - 1, "‹", "Page before", page > 0),
    make("span", {}, `${counted(first + 1)} to ${counted(Math.min(first + PAGE, shown.length))} of ${counted(shown.length)}`),
    step(page + 1, "›", "Next page", page < last), step(last, "»", "Last page", page < last));
}

// --- the query ---
const controls = {};
function startQuery() {
  controls.who = make("div", { className: "who" });
  controls.k = make("input", { type: "range", min: 1, max: Math.max(1, Math.min(MOST, nItems - 1)), id: "k", oninput: () => set("k", Number(controls.k.value)) });
  controls.shownK = make("output", { htmlFor: "k" });
  controls.hide = make("input", { type: "checkbox", onchange: () => set("hide", controls.hide.checked) });
  const several = shop.products && new Set(shop.products).size < nItems;
  at("query").append(controls.who,
    make("div", { className: "controls" },
      make("label", { htmlFor: "k" }, "Neighbours ", controls.shownK), controls.k,
      ...(several ? [make("label", { className: "check" }, controls.hide, " Hide the other colourways")] : [])));
}
// What a person is told of an item besides its name, which has the colourway.
const told = shop.columns.filter(({ name }) => name !== "CID" && name !== "Colourway");
const cellOf = ({ cells, rows }, item) => (rows[item] < 0 ? "" : splitCell(cells[rows[item]]).join(", "));
function fact(text) {
  return make("dd", { dir: "auto", title: text.length > 60 ? text : "" }, text);
}
function facts(item) {
  const list = make("dl");
  for (const column of told) {
    if (column.rows[item] >= 0) list.append(make("dt", {}, column.label), fact(cellOf(column, item)));
  }
  return list;
}
function showQuery() {
  const alone = state.mode === "item";
  at("query").hidden = !alone && state.mode !== "several";
  controls.k.value = settings.k;
  controls.shownK.textContent = controls.k.value;
  controls.hide.checked = settings.hide;
  if (alone) {
    controls.who.replaceChildren(picture(state.item, pictures.size),
      make("div", {}, make("h2", { dir: "auto", title: shop.captions[state.item] }, shop.captions[state.item]), actions(state.item, "query"), facts(state.item)));
  } else if (state.mode === "several") {
    controls.who.replaceChildren(make("div", {}, ...minis(72), clearBasket()));
  }
}

// What is in the basket; a click takes it out.
function minis(size) {
  const part = (title, side) => (state[side].length ? [make("h2", {}, title), make("div", { className: "minis" }, ...state[side].map((item) =>
    make("button", { className: "mini", title: `Take out ${shop.captions[item]}`, aria: { label: `Take ${nameOf(item)} out` }, data: { focus: `basket:${item}` }, onclick: () => weigh(item, side) }, picture(item, size), make("i", {}, "×"))))] : []);
  return [...part("More like", "like"), ...part("Less like", "unlike")];
}
const clearBasket = () => make("button", { onclick: () => go({ like: [], unlike: [], mode: state.mode === "several" ? "all" : state.mode }) }, "Clear");
function showBasket() {
  const { like, unlike } = state;
  at("basket").hidden = state.mode === "several" || !(like.length + unlike.length);
  document.body.classList.toggle("with-basket", !at("basket").hidden);
  if (at("basket").hidden) return at("basket").replaceChildren();
  const next = like.length
    ? make("button", { className: "main", onclick: () => go({ mode: "several", words: "", page: 0 }) }, "Show neighbours")
    : make("span", {}, "Choose one to be more like.");
  at("basket").replaceChildren(make("div", { className: "scroll" }, ...minis(40)), next, clearBasket());
}

function showStars() {
  at("n-stars").textContent = counted(stars.size);
  for (const button of document.querySelectorAll(".act[data-name=star]")) {
    const item = Number(button.dataset.focus.split(":")[2]);
    button.textContent = stars.has(item) ? "★" : "☆";
    button.setAttribute("aria-pressed", String(stars.has(item)));
  }
}

// Search: words in any order, any case, without accents; each begins a word of an item's texts.
const SPECIAL = { ß: "ss", ø: "o", æ: "ae", œ: "oe", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };
// Written without blanks between words: there a part of a text will do.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

const plain = (text) =>
  inForm("NFKD", withoutHeaps(text))
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[ßøæœłđðþı]/g, (letter) => SPECIAL[letter]);
const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
// "t strap" and "tstrap" of "T-Strap", so that it is found however it is written.
function spaced(text) {
  const joined = text.replace(/(?<=\p{L})['’.‐‑-](?=\p{L})/gu, "");
  return ` ${[...wordsOf(text), ...(joined === text ? [] : wordsOf(joined))].join(" ")} `;
}
const has = (text, words) =>
  words.every((word) => text.includes(UNSPACED.test(word) ? word : ` ${word}`));

const names = shop.keys.map((key, item) => spaced(shop.captions[item]) + spaced(key));
// Cells of a column differ less than items: each is prepared once.
const texts = (() => {
  const cells = shop.columns.map((column) => column.cells.map(spaced));
  return names.map((name, item) => {
    let text = name;
    shop.columns.forEach((column, c) => {
      if (column.rows[item] >= 0) text += cells[c][column.rows[item]];
    });
    return text;
  });
})();

// What comes first, as `Words.search` in find/words.py has it: exactly this key; then whole words,
// those in the name before others; then beginnings in the name.
function points(item, words, wanted) {
  if (shop.keys[item] === inForm("NFC", words)) return [Infinity];
  const having = (text, end) => wanted.filter((word) => text.includes(` ${word}${end}`)).length;
  return [having(texts[item], " "), having(names[item], " "), having(names[item], "")];
}
function byPoints(a, b) {
  const i = a.points.findIndex((n, j) => n !== b.points[j]);
  return i < 0 ? 0 : b.points[i] - a.points[i];
}

let lastSearch = { words: null, items: [] };
// The items that match, the best first.
function searched(words) {
  if (lastSearch.words !== words) {
    const wanted = [...new Set(wordsOf(words))];
    const found = [];
    texts.forEach((text, item) => has(text, wanted) && found.push({ item, points: points(item, words, wanted) }));
    lastSearch = { words, items: found.sort(byPoints).map(({ item }) => item) };
  }
  return lastSearch.items;
}

// What people know comes first: brands and kinds, most frequent first, then single items.
const VALUES = 6;
const ITEMS = 5;
function offers(words) {
  const wanted = wordsOf(words);
  if (!wanted.length) return [];
  const values = [];
  for (const filter of filters) {
    filter.values.forEach((value, v) => {
      if (has(filter.plain[v], wanted)) values.push({ filter, v, n: filter.counts[v] });
    });
  }
  values.sort((a, b) => b.n - a.n);
  const matching = searched(words);
  const all = matching.length;
  const items = matching.slice(0, ITEMS).map((item) => ({ item }));
  return [...values.filter((offer) => offer.n).slice(0, VALUES), ...(all > 1 ? [{ all }] : []), ...items];
}

let offered = [];
let marked = -1;
function showOffers() {
  const list = at("offers");
  offered = offers(at("words").value.slice(0, MOST_LETTERS));
  marked = -1;
  list.replaceChildren(
    ...offered.map((offer, i) => {
      const own = offer.all
        ? [make("span", {}, "All that match"), make("small", {}, counted(offer.all))]
        : offer.filter
        ? [make("bdi", {}, offer.filter.values[offer.v]), make("small", {}, `${offer.filter.label}, ${counted(offer.n)}`)]
        : [make("bdi", {}, nameOf(offer.item))];
      return make("li", { id: `offer-${i}`, role: "option", aria: { selected: "false" }, onmousedown: (event) => (event.preventDefault(), accept(offer)) }, ...own);
    }),
  );
  list.hidden = !offered.length;
  at("words").setAttribute("aria-expanded", String(!list.hidden));
  at("words").removeAttribute("aria-activedescendant");
}
function hideOffers() {
  at("offers").hidden = true;
  offered = [];
  marked = -1;
  at("words").setAttribute("aria-expanded", "false");
  at("words").removeAttribute("aria-activedescendant");
}
function markOffer(step) {
  if (!offered.length) return;
  marked = (marked + step + offered.length + (marked < 0 && step < 0 ? 1 : 0)) % offered.length;
  [...at("offers").children].forEach((node, i) => node.setAttribute("aria-selected", String(i === marked)));
  at("words").setAttribute("aria-activedescendant", `offer-${marked}`);
  at("offers").children[marked].scrollIntoView({ block: "nearest" });
}
function accept(offer) {
  hideOffers();
  if (offer.all) search();
  else if (offer.filter) {
    at("words").value = "";
    offer.filter.shown = true;
    offer.filter.chosen = new Set([offer.v]);
    go({ mode: "all", words: "", page: 0 });
  } else visit(offer.item);
  at("main").focus({ preventScroll: true });
}
function search() {
  go({ mode: "all", words: at("words").value.trim().slice(0, MOST_LETTERS), page: 0 });
}
function startSearch() {
  at("words").maxLength = MOST_LETTERS;
  at("words").addEventListener("input", showOffers);
  at("words").addEventListener("blur", hideOffers);
  at("words").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (at("offers").hidden) showOffers();
      markOffer(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      if (at("offers").hidden && !at("words").value) return;
      if (at("offers").hidden) at("words").value = "";
      hideOffers();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  at("search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (offered[marked]) return accept(offered[marked]);
    hideOffers();
    search();
    (firstCard() ?? at("main")).focus();
  });
}

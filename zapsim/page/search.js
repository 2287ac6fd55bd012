// Search as the library does it: folding, forms and order are those of find/words.py.
const MOST_WORDS = 20;
const SHORTEST_STEM = 3;
const NAMING = ["Brand", "SubCategory", "Category"];
const ENDINGS = [["ies", "y"], ["es", ""], ["s", ""], ["y", "ies"]];
const LETTERS = { ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i" };
const APOSTROPHES = /['’ʼ`´＇｀\u1FEF]/gu;
const JOINTS = /(?<=[\p{L}\p{Nl}\p{No}])[-‐‑.](?=[\p{L}\p{Nl}\p{No}])/gu;
// Written without blanks between words: there a part of a value will do.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

function plain(text) {
  // Two letters of half a width, of which NFKD makes marks.
  const halves = text.replace(APOSTROPHES, "").replaceAll("\uFF9E", "\u3099").replaceAll("\uFF9F", "\u309A");
  const apart = halves.replace(/[^\p{L}\p{N}_\0-\x7f]{31,}/gu, " ").normalize("NFKD");
  // As Python's `casefold`: ß and ẞ are ss, and each sigma is the same.
  const small = apart.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
  const bare = small.replace(/[\u0300-\u036f]+/g, "").normalize("NFKC");
  // Of "ŉ", there is an apostrophe only now.
  return bare.replace(/[øłđðþæœı]/g, (letter) => LETTERS[letter]).replace(APOSTROPHES, "");
}
const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
const wantedOf = (text) => [...new Set(wordsOf(text))].slice(0, MOST_WORDS);
// "t strap" and "tstrap" of "T-Strap", so that it is found however it is written.
function spaced(text) {
  const joined = text.replace(JOINTS, "");
  return ` ${[...wordsOf(text), ...(joined === text ? [] : wordsOf(joined))].join(" ")} `;
}
function formsOf(word) {
  const ends = ENDINGS.filter(([ending]) => word.endsWith(ending) && [...word].length - ending.length >= SHORTEST_STEM);
  return [word, ...ends.map(([ending, other]) => word.slice(0, word.length - ending.length) + other)];
}
const hasWhole = (text, forms) => forms.some((form) => text.includes(` ${form} `));
const has = (text, words) =>
  words.every((word) => text.includes(UNSPACED.test(word) ? word : ` ${word}`) || hasWhole(text, formsOf(word)));

// The dot before a file's suffix joins no words.
const names = shop.keys.map((key) => spaced(key.replace(/\.(?=[^./]*$)/, " ")));
const others = shop.keys.map(() => "");
// Cells of a column differ less than items: each is prepared once.
for (const { name, cells, rows } of shop.columns) {
  const prepared = cells.map(spaced);
  const side = NAMING.includes(name) ? names : others;
  rows.forEach((row, item) => {
    if (row >= 0) side[item] += prepared[row];
  });
}
const texts = names.map((name, item) => name + others[item]);

// What comes first: exactly this key; then whole words, those in the name before others; then
// beginnings in the name.
function byPoints(a, b) {
  const i = a.points.findIndex((n, j) => n !== b.points[j]);
  return i < 0 ? 0 : b.points[i] - a.points[i];
}

let lastSearch = { words: null, items: [] };
// The items that match, the best first.
function searched(words) {
  if (lastSearch.words !== words) {
    const wanted = wantedOf(words);
    let found = wanted.length ? texts.map((text, item) => ({ item, points: [0, 0, 0] })) : [];
    for (const word of wanted) {
      const forms = formsOf(word);
      const begun = (text) => text.includes(` ${word}`) || hasWhole(text, forms);
      const matches = texts.some(begun) ? begun : (text) => text.includes(word);
      found = found.filter(({ item, points }) => {
        if (!matches(texts[item])) return false;
        points[0] += hasWhole(texts[item], forms);
        points[1] += hasWhole(names[item], forms);
        points[2] += matches(names[item]);
        return true;
      });
    }
    const key = inForm("NFC", words.trim());
    for (const { item, points } of found) if (shop.keys[item] === key) points[0] = Infinity;
    lastSearch = { words, items: found.sort(byPoints).map(({ item }) => item) };
  }
  return lastSearch.items;
}

// What people know comes first: brands and kinds, most frequent first, then single items.
const VALUES = 6;
const ITEMS = 5;
function offers(words) {
  const wanted = wantedOf(words);
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

// Take home what is shown, and favourites; and load them again. Nothing leaves this machine.
// What a spreadsheet would run as a formula gets an apostrophe before it, at the beginning of a cell
// and where another separator cuts it, as `harmless` in draw/html.py has it.
const BEGINS = "[,;|\\t\\n\\v\\f\\r\\x85\\u2028\\u2029]";
const PASSED = "[\\0-\\x08\\x0e-\\x20\\x7f-\\x84\\x86-\\xa0\\xad\\u061c\\u180e\\u2000-\\u200f\\u202a-\\u202f\\u205f-\\u206f\\u3000\\ufeff\"']*";
const FORMULA = new RegExp(`(?:^|${BEGINS})(?=${PASSED}[=+\\-@＝＋－＠﹦﹢﹣﹫])`, "gu");
const NUMBER = "-?\\d+(?:\\.\\d+)?(?:[eE][+\\-]?\\d+)?";
const NUMBERS = new RegExp(`^${NUMBER}(?:; ?${NUMBER})*$`, "u");
const csvText = (text) => NUMBERS.test(text) ? text : text.replace(FORMULA, "$&'").replace(/^'*[\t\n\r]/, "'$&");
const csvCell = (text) => `"${csvText(text).replaceAll('"', '""')}"`;

const hasScores = (list) => list.some(({ score }) => score !== undefined);
function toCSV(list) {
  const scores = hasScores(list);
  const head = ["key", ...(scores ? ["score", "estimated"] : []), "name", ...shop.columns.map(({ name }) => name)];
  const lines = list.map(({ item, ...found }) => [
    csvCell(shop.keys[item]),
    // A sign before it would make it a text, which a spreadsheet does not sort among numbers.
    ...(scores ? [digitsOf(found), found.estimated ? "yes" : "no"] : []),
    csvCell(shop.captions[item]),
    ...shop.columns.map(({ cells, rows }) => csvCell(rows[item] < 0 ? "" : cells[rows[item]])),
  ].join(","));
  // Spreadsheets read a CSV as UTF-8 only if it begins with this mark.
  return `\uFEFF${[head.map(csvCell).join(","), ...lines].join("\r\n")}\r\n`;
}

// Beside the page, thumbnails are files, which a script may not read: the sheet has them small.
function inlined(item) {
  if (pictures.thumbs) return thumbOf(item);
  const tile = make("canvas", { width: pictures.tile, height: pictures.tile });
  const [row, column] = [Math.floor(item / pictures.columns), item % pictures.columns];
  tile.getContext("2d").drawImage(sheet, -column * pictures.tile, -row * pictures.tile);
  return tile.toDataURL("image/jpeg");
}

function toHTML(list, title) {
  const page = document.implementation.createHTMLDocument(title);
  page.documentElement.lang = "en";
  const scores = hasScores(list);
  const row = (kind, ...cells) => make("tr", {}, ...cells.map((cell) => make(kind, { dir: "auto" }, cell)));
  const grid = make("table", { border: 1, cellPadding: 4 }, make("caption", {}, title),
    row("th", "Picture", ...(scores ? ["Score"] : []), "Name", ...told.map(({ label }) => label)));
  for (const { item, ...found } of list) {
    const look = pictures.readable[item] ? make("img", { src: inlined(item), alt: nameOf(item) }) : "";
    grid.append(row("td", look, ...(scores ? [scoreOf(found)] : []), shop.captions[item], ...told.map((column) => cellOf(column, item))));
  }
  const charset = page.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "default-src 'none'; img-src data:";
  page.head.prepend(charset, policy);
  page.body.append(grid);
  return `<!DOCTYPE html>\n${page.documentElement.outerHTML}`;
}

const toJSON = (list) => JSON.stringify({ title: shop.title, favourites: list.map(({ item }) => shop.keys[item]) }, null, 1);

function save(kind) {
  const what = state.mode === "stars" ? "favourites" : state.mode === "all" ? "items" : "neighbours";
  const title = state.mode === "stars" ? `${shop.title}: favourites` : summary();
  const [text, type] = { csv: () => [toCSV(shown), "text/csv"], html: () => [toHTML(shown, title), "text/html"], json: () => [toJSON(shown), "application/json"] }[kind]();
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  make("a", { href: address, download: `${what}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(`Saved ${plural(shown.length, "item")} as ${what}.${kind}.`);
}

// So many lines, or cells, does nobody's list have; more would keep the page busy for long.
const MOST_LINES = 500_000;
const MOST_CELLS = 5_000_000;

// Rows of a CSV, as Python's reads it; those between \r and \n have one empty cell.
function rowsIn(text) {
  const hint = text.match(/^sep=(.)\s*?(?:\r\n?|\n)/u);
  const separator = (hint ?? text.match(/^"?[^",;\t|\r\n]*"?([,;\t|])/))?.[1] ?? ",";
  const ends = new RegExp(`[\\u{${separator.codePointAt(0).toString(16)}}\r\n]`, "gu");
  const rows = [[]];
  let cells = 0;
  for (let begin = hint?.[0].length ?? 0; ; begin = ends.lastIndex) {
    if (++cells > MOST_CELLS || rows.length > MOST_LINES) throw new RangeError("too many cells");
    let cell = "";
    while (text[begin] === '"') {
      const quote = text.indexOf('"', begin + 1);
      const close = quote < 0 ? text.length : quote;
      cell += text.slice(begin + 1, close);
      begin = close + 1;
      if (text[begin] === '"') cell += '"';
    }
    ends.lastIndex = begin;
    const end = ends.exec(text);
    rows.at(-1).push(cell + text.slice(begin, end?.index));
    if (!end) return rows;
    if (end[0] !== separator) rows.push([]);
  }
}

function keysIn(text) {
  if (/^\s*[[{]/.test(text)) {
    const value = JSON.parse(text);
    const keys = Array.isArray(value) ? value : value.favourites;
    if (keys.length > MOST_LINES) throw new RangeError("too many keys");
    return keys.map(String);
  }
  const rows = rowsIn(text);
  const column = rows[0].indexOf("key");
  // Without a header, it is a list of keys.
  const keys = column < 0 ? rows.map(([first]) => first) : rows.slice(1).map((row) => row[column]);
  // A saved key that looks like a formula has apostrophes in it, and may be another's then.
  return keys.filter((key) => key).map((key) => savedAs.get(key) ?? key);
}
const savedAs = new Map(shop.keys.map((key) => [csvText(key), key]).filter(([saved, key]) => saved !== key));

// A file's text: UTF-8, or what spreadsheets save instead.
async function textOf(file) {
  const data = new Uint8Array(await file.arrayBuffer());
  const wide = { "255,254": "utf-16le", "254,255": "utf-16be" }[data.slice(0, 2)];
  try {
    return new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(data);
  } catch {
    return new TextDecoder("windows-1252").decode(data);
  }
}

async function load(file) {
  const tooLarge = () => say(`${brief(file.name)} is too large for a list of favourites. Take a JSON or CSV that this page saved.`, true);
  if (file.size > 20_000_000) return tooLarge();
  let keys;
  try {
    keys = keysIn(await textOf(file));
  } catch (error) {
    if (error instanceof RangeError) return tooLarge();
    return say(`${brief(file.name)} is no list of favourites, or cannot be read. Take a JSON or CSV that this page saved.`, true);
  }
  const found = keys.map((key) => itemOf.get(wellFormed(key))).filter((item) => item !== undefined);
  const known = [...new Set(found)];
  changeStars(known, true);
  go({ mode: "stars", page: 0 });
  const missed = keys.length - found.length;
  say(`${plural(known.length, "favourite")} loaded from ${brief(file.name)}.${missed ? ` ${plural(missed, "line")} named no item of this catalogue.` : ""}`, !known.length);
}

function startFiles() {
  const item = (label, run) => make("button", { onclick: () => ((menu.open = false), run()) }, label);
  const menu = make("details", { className: "save" }, make("summary", {}, "Save…"),
    make("div", { className: "menu" },
      item("CSV, for spreadsheets", () => save("csv")), item("HTML, with pictures", () => save("html")), item("JSON, to load again", () => save("json")),
      item("Load favourites…", () => at("file").click())));
  at("tools").append(menu);
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  at("file").addEventListener("change", () => {
    const [file] = at("file").files;
    if (file) load(file);
    at("file").value = "";
  });
}

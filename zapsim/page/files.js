// Take home what is shown, and favourites; and load them again. Nothing leaves this machine.
// What a spreadsheet would run as a formula gets an apostrophe before it.
const FORMULA = /^[\s\u0000]*[=+\-@\t\r\n＝＋－＠]/u;
const csvCell = (text) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

function toCSV(list) {
  const scores = list.some(({ score }) => score !== undefined);
  const head = ["key", ...(scores ? ["score"] : []), "name", ...shop.columns.map(({ name }) => name)];
  const lines = list.map(({ item, score }) => [
    csvCell(shop.keys[item]),
    ...(scores ? [score.toFixed(4)] : []),
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
  const grid = make("table", {}, make("caption", {}, title));
  for (const { item, score } of list) {
    const look = pictures.readable[item] ? make("img", { src: inlined(item), alt: nameOf(item) }) : "";
    grid.append(make("tr", {}, make("td", {}, look), make("td", {}, score === undefined ? "" : score.toFixed(3)), make("td", { dir: "auto" }, shop.captions[item]), make("td", { dir: "auto" }, shop.keys[item])));
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
  const title = state.mode === "stars" ? `${shop.title}: favourites` : at("status").textContent;
  const [text, type] = { csv: () => [toCSV(shown), "text/csv"], html: () => [toHTML(shown, title), "text/html"], json: () => [toJSON(shown), "application/json"] }[kind]();
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  make("a", { href: address, download: `${what}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(`Saved ${plural(shown.length, "item")} as ${what}.${kind}.`);
}

function keysIn(text) {
  if (/^\s*[[{]/.test(text)) {
    const value = JSON.parse(text);
    return (Array.isArray(value) ? value : value.favourites).map(String);
  }
  // The first column of a CSV, as it was saved.
  const first = [...text.replace(/^\uFEFF/, "").matchAll(/(?:^|\r?\n)(?:"((?:[^"]|"")*)"|([^",\r\n;]*))(?=[,;\r\n]|$)/g)];
  return first.map(([, quoted, bare]) => (quoted ?? bare).replaceAll('""', '"')).filter((key) => key && key !== "key");
}
const keyToItem = (key) => itemOf.get(wellFormed(key)) ?? itemOf.get(wellFormed(key.replace(/^'/, "")));

async function load(file) {
  let keys;
  try {
    if (file.size > 50_000_000) throw new Error("it is too large");
    keys = keysIn(await file.text());
  } catch (error) {
    return say(`${brief(file.name)} is no list of favourites (${brief(error.message)}). Take a JSON or CSV that this page saved.`, true);
  }
  const known = keys.map(keyToItem).filter((item) => item !== undefined);
  for (const item of known) stars.add(item);
  keepStars();
  go({ mode: "stars", page: 0 });
  const missed = keys.length - known.length;
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

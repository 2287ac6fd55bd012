// What the page holds, unpacked once, and small helpers for the document.
performance.mark("begin");
const take = (id) => {
  const node = document.getElementById(id);
  const value = JSON.parse(node.textContent);
  node.remove();
  return value;
};
const shop = take("data");
const pictures = take("pictures");
const nItems = shop.keys.length;
const at = (id) => document.getElementById(id);

function unpacked(text, Kind) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

const table = { indices: unpacked(shop.indices, Uint32Array), scores: unpacked(shop.scores, Int16Array) };
const places = unpacked(shop.places, Float32Array);
const nNumbers = shop.lowest.length;
const vectors = unpacked(shop.vectors, Uint8Array);
// Each item's score with itself.
const own = unpacked(shop.own, Int16Array);
// More marks on one letter than any language has: to put so many in order, or to draw them, may take
// hours. Two letters of half a width become marks. `composed` in keys.py leaves such a text as it
// is, too.
const HEAPS = /(?<![\p{M}\uFF9E\uFF9F])[\p{M}\uFF9E\uFF9F]{31,}/u;
const EVERY_HEAP = new RegExp(HEAPS, "gu");
const withoutHeaps = (text) => text.split(HEAPS).join(" ");
const inForm = (form, text) => (HEAPS.test(text) ? text : text.normalize(form));
// Half a letter in a file's name cannot stand in an address; it is the same sign in both. Keys are
// composed, but a Mac may write them otherwise.
const wellFormed = (text) => inForm("NFC", text.replace(/\p{Cs}/gu, "\uFFFD"));
const itemOf = new Map(shop.keys.map((key, item) => [wellFormed(key), item]));

const thumbOf = (item) =>
  pictures.thumbs ? `data:image/jpeg;base64,${pictures.thumbs[item]}` : `${pictures.folder}/${item}.jpg`;
const sheet = new Image();
sheet.src = `data:image/jpeg;base64,${pictures.sheet}`;

// For alternative texts and labels, which nobody wants to hear for minutes.
const brief = (text, most = 160) => (text.length > most ? `${text.slice(0, most)}…` : text);
const nameOf = (item) => brief(shop.captions[item]);
// Letters that are written from right to left stay within their name.
const isolated = (item) => `\u2068${brief(shop.captions[item], 70)}\u2069`;
const counted = (n) => n.toLocaleString("en");
const plural = (n, one, many = `${one}s`) => `${counted(n)} ${n === 1 ? one : many}`;

// Of a heap of marks, nobody sees more than a few.
const drawable = (text) => text.replace(EVERY_HEAP, (heap) => `${heap.slice(0, 9)}…`);
// Texts are only ever set as text: nothing that the data says becomes HTML.
function make(tag, properties = {}, ...children) {
  const { data, aria, role, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, data);
  if (tag === "button") node.type = "button";
  if (role) node.setAttribute("role", role);
  for (const [name, value] of Object.entries(aria ?? {})) node.setAttribute(`aria-${name}`, value);
  node.append(...children.map((child) => (typeof child === "string" ? drawable(child) : child)));
  return node;
}

// Where the browser keeps nothing, for instance in a private window, the page works all the same.
// By names that stay when the page is made again, of other items, and are no other catalogue's: a
// browser may have one store for all pages on a disk.
const drawer = `zapsim:${shop.title}:${shop.catalogue}`;
const LOST = "This browser keeps nothing more for this page: save your favourites before you close it.";
let keeps = true;
function stored(name) {
  try {
    return JSON.parse(localStorage.getItem(`${drawer}:${name}`));
  } catch {
    return null;
  }
}
function store(name, value) {
  try {
    localStorage.setItem(`${drawer}:${name}`, JSON.stringify(value));
  } catch {
    keeps = false;
  }
  at("stored").textContent = keeps ? "Favourites stay in this browser; save them to take them elsewhere." : LOST;
}

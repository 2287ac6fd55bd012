// The catalogue as a map of thumbnails, to zoom and pan; places were computed before.
const canvas = at("map");
const brush = canvas.getContext("2d");
const SHEET_ONLY = 1.4; // So much may a tile of the sheet be enlarged before thumbnails are taken.
const GAP = 0.06;
const view = { scale: 0, x: 0, y: 0 };
const large = new Map();
let onMap = { bright: null, picked: [], near: [], cursor: -1 };
let drawing = false;

const extent = (() => {
  let [right, bottom] = [1, 1];
  for (let item = 0; item < nItems; item++) {
    right = Math.max(right, places[2 * item] + 1);
    bottom = Math.max(bottom, places[2 * item + 1] + 1);
  }
  return { right, bottom };
})();

const smallest = () => Math.min(canvas.clientWidth / extent.right, canvas.clientHeight / extent.bottom);
function showAll() {
  view.scale = smallest();
  view.x = (canvas.clientWidth - extent.right * view.scale) / 2;
  view.y = (canvas.clientHeight - extent.bottom * view.scale) / 2;
  draw();
}
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.max(smallest() / 1.5, Math.min(pictures.size * 1.5, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  draw();
}
function intoSight(item) {
  const [x, y] = [view.x + (places[2 * item] + 0.5) * view.scale, view.y + (places[2 * item + 1] + 0.5) * view.scale];
  const [w, h] = [canvas.clientWidth, canvas.clientHeight];
  if (x < 0 || x > w) view.x += w / 2 - x;
  if (y < 0 || y > h) view.y += h / 2 - y;
}

function thumbOnMap(item) {
  let image = large.get(item);
  if (!image) {
    image = new Image();
    image.onload = draw;
    image.src = thumbOf(item);
    large.set(item, image);
    if (large.size > 500) large.delete(large.keys().next().value);
  }
  return image.complete && image.naturalWidth ? image : null;
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    paint();
  });
}
function paint() {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [canvas.clientWidth, canvas.clientHeight];
  if (!w || !h) return;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  if (!view.scale) return showAll();
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, w, h);
  const side = view.scale * (1 - GAP);
  const fine = side * ratio > pictures.tile * SHEET_ONLY;
  const queried = onMap.picked.length > 0;
  const bright = new Set([...onMap.picked, ...onMap.near]);
  const late = [];
  for (let item = 0; item < nItems; item++) {
    const [x, y] = [view.x + places[2 * item] * view.scale, view.y + places[2 * item + 1] * view.scale];
    if (x + side < 0 || y + side < 0 || x > w || y > h) continue;
    // Where pictures overlap, those in question come on top.
    if (bright.has(item)) late.push([item, x, y]);
    else one(item, x, y, side, fine, onMap.bright?.[item] ? (queried ? 0.45 : 1) : 0.12);
  }
  for (const [item, x, y] of late) one(item, x, y, side, fine, 1);
  const style = getComputedStyle(document.documentElement);
  for (const [item, x, y] of late) {
    const own = onMap.picked.includes(item);
    brush.lineWidth = own ? Math.max(3, side / 16) : Math.max(1.5, side / 40);
    brush.strokeStyle = style.getPropertyValue(own ? "--mark" : "--accent");
    brush.strokeRect(x - 1, y - 1, side + 2, side + 2);
  }
  if (onMap.cursor >= 0 && document.activeElement === canvas) {
    brush.lineWidth = 3;
    brush.strokeStyle = style.getPropertyValue("--text");
    brush.setLineDash([5, 3]);
    brush.strokeRect(view.x + places[2 * onMap.cursor] * view.scale - 3, view.y + places[2 * onMap.cursor + 1] * view.scale - 3, side + 6, side + 6);
    brush.setLineDash([]);
  }
}
function one(item, x, y, side, fine, alpha) {
  brush.globalAlpha = alpha;
  const image = fine && pictures.readable[item] ? thumbOnMap(item) : null;
  if (image) brush.drawImage(image, x, y, side, side);
  else {
    const [row, column] = [Math.floor(item / pictures.columns), item % pictures.columns];
    brush.drawImage(sheet, column * pictures.tile, row * pictures.tile, pictures.tile, pictures.tile, x, y, side, side);
  }
  brush.globalAlpha = 1;
}

function itemAt(x, y) {
  let found = -1;
  for (let item = 0; item < nItems; item++) {
    const [dx, dy] = [(x - view.x) / view.scale - places[2 * item], (y - view.y) / view.scale - places[2 * item + 1]];
    // The last one lies on top.
    if (dx >= 0 && dy >= 0 && dx < 1 && dy < 1 && onMap.bright?.[item]) found = item;
  }
  return found;
}
// The nearest that matches in a direction, rather straight ahead than aside.
function moveCursor(dx, dy) {
  const from = onMap.cursor >= 0 ? onMap.cursor : onMap.picked[0] ?? itemAt(canvas.clientWidth / 2, canvas.clientHeight / 2);
  if (from < 0) onMap.cursor = onMap.bright.indexOf(1);
  let [best, least] = [-1, Infinity];
  for (let item = 0; from >= 0 && item < nItems; item++) {
    if (item === from || !onMap.bright[item]) continue;
    const [x, y] = [places[2 * item] - places[2 * from], places[2 * item + 1] - places[2 * from + 1]];
    const [ahead, aside] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
    if (ahead > 0 && aside <= ahead * 2 && ahead + 2 * aside < least) [best, least] = [item, ahead + 2 * aside];
  }
  if (best >= 0) onMap.cursor = best;
  if (onMap.cursor < 0) return;
  intoSight(onMap.cursor);
  say(isolated(onMap.cursor));
  draw();
}

function startMap() {
  const touching = new Map();
  let moved = 0;
  const local = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const spread = () => {
    const [a, b] = [...touching.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, length: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!touching.size) moved = 0;
    touching.set(event.pointerId, local(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = local(event);
    if (!touching.has(event.pointerId)) {
      const item = itemAt(now.x, now.y);
      canvas.title = item >= 0 ? shop.captions[item] : "";
      canvas.classList.toggle("over", item >= 0);
      return;
    }
    const before = touching.size === 2 ? spread() : touching.get(event.pointerId);
    const step = touching.get(event.pointerId);
    moved += Math.hypot(now.x - step.x, now.y - step.y);
    touching.set(event.pointerId, now);
    const after = touching.size === 2 ? spread() : now;
    view.x += after.x - before.x;
    view.y += after.y - before.y;
    if (touching.size === 2) zoom(after.length / before.length, after.x, after.y);
    draw();
  });
  const lift = (event) => {
    const last = touching.get(event.pointerId);
    touching.delete(event.pointerId);
    if (event.type === "pointerup" && last && moved < 6 && !touching.size) {
      const item = itemAt(last.x, last.y);
      if (item >= 0) visit(item);
    }
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = local(event);
    zoom(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 300), x, y);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) moveCursor(...way);
    else if (event.key === "+" || event.key === "=") zoom(1.3);
    else if (event.key === "-") zoom(1 / 1.3);
    else if (event.key === "0") showAll();
    else if (event.key === "Enter" && onMap.cursor >= 0) visit(onMap.cursor);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("focus", draw);
  canvas.addEventListener("blur", draw);
  at("closer").addEventListener("click", () => zoom(1.4));
  at("farther").addEventListener("click", () => zoom(1 / 1.4));
  at("whole").addEventListener("click", showAll);
  sheet.addEventListener("load", draw);
  let before = 0;
  new ResizeObserver(() => {
    // Whoever saw all of it still does.
    if (!view.scale || Math.abs(view.scale - before) < 1e-9) showAll();
    before = smallest();
    draw();
  }).observe(canvas);
  canvas.setAttribute("aria-label", `Map of ${plural(nItems, "item")}: what is alike lies close together. Arrow keys move, Enter shows the neighbours.`);
}
function showMap(matching, found) {
  const same = onMap.picked.join() === inQuery().join();
  onMap = { bright: matching, picked: inQuery(), near: found.map(({ item }) => item), cursor: same ? onMap.cursor : -1 };
  if (!same && onMap.picked.length && view.scale) intoSight(onMap.picked[0]);
  draw();
}

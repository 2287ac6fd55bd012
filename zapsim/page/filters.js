// Filters: several values a column; each counts what the others leave. Active ones are chips.
// Without the blanks around it that Python's `strip` takes away: `trim` takes others.
const SEEN = "[^\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const STRIPPED = new RegExp(`${SEEN}(?:.*${SEEN})?`, "su");
const splitCell = (cell) => [...new Set(cell.split(";").flatMap((part) => part.match(STRIPPED)?.[0] ?? []))];
const filters = [...shop.filters.shown, ...shop.filters.rest].map((c, position) => {
  const { label, cells, rows } = shop.columns[c];
  const parts = cells.map(splitCell);
  const { compare } = new Intl.Collator("en", { numeric: true });
  const inOrder = [...new Set(parts.flat())].map((value) => [withoutHeaps(value), value]).sort(([a], [b]) => compare(a, b));
  const values = inOrder.map(([, value]) => value);
  const number = new Map(values.map((value, v) => [value, v]));
  return {
    label,
    values,
    plain: values.map(spaced),
    ofCell: parts.map((some) => some.map((value) => number.get(value))),
    rows,
    chosen: new Set(),
    counts: new Uint32Array(values.length),
    shown: position < shop.filters.shown.length,
  };
});

const fits = (filter, item) => {
  if (!filter.chosen.size) return true;
  const row = filter.rows[item];
  return row >= 0 && filter.ofCell[row].some((v) => filter.chosen.has(v));
};

// Return which of some items match all filters, and count for each value what the other filters leave.
function matchFilters(base) {
  const matching = new Uint8Array(nItems);
  for (const filter of filters) filter.counts.fill(0);
  const active = filters.filter((filter) => filter.chosen.size);
  const count = (filter, item) => {
    const row = filter.rows[item];
    if (row >= 0) for (const v of filter.ofCell[row]) filter.counts[v] += 1;
  };
  for (const item of base) {
    let failed = null;
    let failures = 0;
    for (const filter of active) {
      if (!fits(filter, item)) {
        failed = filter;
        if (++failures > 1) break;
      }
    }
    if (failures === 0) {
      matching[item] = 1;
      for (const filter of filters) count(filter, item);
    } else if (failures === 1) count(failed, item);
  }
  return matching;
}

function choose(filter, v, on) {
  if (on) filter.chosen.add(v);
  else filter.chosen.delete(v);
  go({ page: 0 });
}
function clearAll() {
  for (const filter of filters) filter.chosen.clear();
  go({ words: "", page: 0 });
}

// --- on the page ---
const LONG = 14;
function fillFilter(filter) {
  if (filter.list) return;
  filter.boxes = filter.values.map((value, v) => make("input", { type: "checkbox", onchange: (event) => choose(filter, v, event.target.checked) }));
  filter.numbers = filter.values.map(() => make("small"));
  filter.lines = filter.values.map((value, v) =>
    make("label", {}, filter.boxes[v], make("bdi", { title: value }, value), filter.numbers[v]));
  filter.list = make("div", { className: "values", role: "group", aria: { label: filter.label } }, ...filter.lines);
  filter.menu.append(filter.list);
  if (filter.values.length > LONG) {
    filter.narrow = make("input", { type: "search", maxLength: MOST_LETTERS, placeholder: "Find a value", aria: { label: `Find a value of ${filter.label}` }, oninput: () => updateFilter(filter) });
    filter.menu.prepend(filter.narrow);
  }
}
function updateFilter(filter) {
  filter.box.hidden = !filter.shown;
  const n = filter.chosen.size;
  filter.summary.replaceChildren(make("span", {}, filter.label), ...(n ? [make("b", {}, ` ${n}`)] : []));
  if (!filter.box.open) return;
  fillFilter(filter);
  const words = wordsOf(filter.narrow?.value ?? "");
  filter.values.forEach((value, v) => {
    const [count, chosen] = [filter.counts[v], filter.chosen.has(v)];
    filter.boxes[v].checked = chosen;
    filter.boxes[v].disabled = !count && !chosen;
    filter.numbers[v].textContent = counted(count);
    filter.lines[v].classList.toggle("empty", !count);
    filter.lines[v].hidden = !has(filter.plain[v], words);
  });
}
function closeMenus(but) {
  for (const box of at("filters").querySelectorAll("details[open]")) if (box !== but) box.open = false;
}
function startFilters() {
  for (const filter of filters) {
    filter.summary = make("summary");
    filter.menu = make("div", { className: "menu" });
    filter.box = make("details", { ontoggle: () => (filter.box.open && closeMenus(filter.box), updateFilter(filter)) }, filter.summary, filter.menu);
    at("filters").append(filter.box);
  }
  const hidden = filters.filter((filter) => !filter.shown);
  if (hidden.length) {
    const lines = filters.map((filter) => {
      const box = make("input", { type: "checkbox", onchange: () => ((filter.shown = box.checked), box.checked || filter.chosen.clear(), go({ page: 0 })) });
      return { filter, box, line: make("label", {}, box, make("bdi", {}, filter.label)) };
    });
    const menu = make("details", { className: "others", ontoggle: () => (menu.open && closeMenus(menu), lines.forEach(({ filter, box }) => (box.checked = filter.shown))) },
      make("summary", {}, "More filters"),
      make("div", { className: "menu" }, make("div", { className: "values" }, ...lines.map(({ line }) => line))));
    at("filters").append(menu);
  }
  document.addEventListener("click", (event) => closeMenus(event.target.closest?.("#filters details")));
}
function showFilters() {
  filters.forEach(updateFilter);
  const chips = [];
  for (const filter of filters) {
    for (const v of filter.chosen) {
      chips.push(make("button", { className: "chip", title: `Take away: ${filter.label}`, data: { focus: `chip:${filter.label}:${v}` }, onclick: () => choose(filter, v, false), aria: { label: `Take away ${filter.label} ${brief(filter.values[v])}` } },
        make("bdi", {}, brief(filter.values[v])), " ×"));
    }
  }
  if (state.mode === "all" && state.words) chips.unshift(make("button", { className: "chip", onclick: () => go({ words: "", page: 0 }), aria: { label: `Take away the search for ${state.words}` } }, make("bdi", {}, `“${state.words}”`), " ×"));
  if (chips.length > 1) chips.push(make("button", { className: "plain", onclick: clearAll }, "Clear all"));
  at("chips").replaceChildren(...chips);
}

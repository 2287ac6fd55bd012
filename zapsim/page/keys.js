// The keyboard: what a key does is the same as some button does.
const cardsNow = () => [...document.querySelectorAll("#cards .pick")];
const firstCard = () => document.querySelector("#cards .pick");

function moveOver(key) {
  const all = cardsNow();
  const now = all.indexOf(document.activeElement);
  if (now < 0) return all[0]?.focus();
  const box = all[now].getBoundingClientRect();
  if (key === "ArrowLeft" || key === "ArrowRight") return all[now + (key === "ArrowRight" ? 1 : -1)]?.focus();
  const below = key === "ArrowDown";
  const line = all.filter((node) => {
    const other = node.getBoundingClientRect();
    return below ? other.top > box.top + 5 : other.top < box.top - 5;
  });
  const tops = line.map((node) => node.getBoundingClientRect().top);
  const next = below ? Math.min(...tops) : Math.max(...tops);
  const row = line.filter((node, i) => Math.abs(tops[i] - next) < 5);
  const distance = (node) => Math.abs(node.getBoundingClientRect().left - box.left);
  row.sort((a, b) => distance(a) - distance(b))[0]?.focus();
}

// The item that a key means: that of the card with the focus, or the query.
function itemMeant() {
  const focus = document.activeElement?.closest?.(".card")?.querySelector(".pick");
  if (focus) return Number(focus.dataset.item);
  return state.mode === "item" ? state.item : -1;
}

function startKeys() {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
    if (key === "Escape") {
      const menu = document.querySelector("details[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (state.mode !== "all" || state.words) go({ mode: "all", words: "", page: 0 });
      return;
    }
    if (target.closest("input, textarea, [role=listbox]") || target.closest("details[open]")) return;
    const item = itemMeant();
    if (key === "/") at("words").select();
    else if (key === "?") at("help").showModal();
    else if (key === "Backspace") back();
    else if (key === "m") turn();
    else if (key === "f" && item >= 0) toggleStar(item);
    else if (key === "+" && item >= 0) weigh(item, "like");
    else if (key === "-" && item >= 0) weigh(item, "unlike");
    else if (/^Arrow/.test(key) && state.view === "sheet") moveOver(key);
    else return;
    event.preventDefault();
  });
}

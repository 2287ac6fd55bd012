// Neighbours: of one item from the table, exactly; all else from short vectors, and marked so.
const numbers = (() => {
  const unpackedNumbers = new Float32Array(vectors.length);
  for (let i = 0; i < vectors.length; i++) {
    const d = i % nNumbers;
    unpackedNumbers[i] = shop.lowest[d] + shop.step[d] * vectors[i];
  }
  return unpackedNumbers;
})();
const tableScore = (item, rank) => table.scores[item * shop.k + rank] / 32767;

// An item's scores with all, exact where either one's table has the other.
const scored = new Map();
function scoresOf(item) {
  if (scored.has(item)) return scored.get(item);
  const scores = new Float32Array(nItems);
  const exact = new Uint8Array(nItems);
  const vector = numbers.subarray(item * nNumbers, (item + 1) * nNumbers);
  for (let other = 0, i = 0; other < nItems; other++) {
    let sum = 0;
    for (let d = 0; d < nNumbers; d++) sum += vector[d] * numbers[i++];
    scores[other] = Math.max(-1, Math.min(1, sum));
  }
  for (let i = 0; i < table.indices.length; i++) {
    if (table.indices[i] === item) {
      const other = Math.floor(i / shop.k);
      [scores[other], exact[other]] = [table.scores[i] / 32767, 1];
    }
  }
  for (let rank = 0; rank < shop.k; rank++) {
    const other = table.indices[item * shop.k + rank];
    [scores[other], exact[other]] = [tableScore(item, rank), 1];
  }
  [scores[item], exact[item]] = [own[item] / 32767, 1];
  if (scored.size > 2 * MOST_EXAMPLES) scored.clear();
  scored.set(item, { scores, exact });
  return scored.get(item);
}

function neighboursOf(item, k, allowed) {
  const found = [];
  for (let rank = 0; rank < shop.k && found.length < k; rank++) {
    const other = table.indices[item * shop.k + rank];
    if (allowed[other]) found.push({ item: other, score: tableScore(item, rank), estimated: false });
  }
  if (found.length === k || shop.k >= nItems - 1) return found;
  // What is not in the table scores no higher than its last one.
  const most = shop.k ? tableScore(item, shop.k - 1) : 1;
  const listed = new Set(table.indices.subarray(item * shop.k, (item + 1) * shop.k));
  const { scores, exact } = scoresOf(item);
  const rest = [];
  for (let other = 0; other < nItems; other++) {
    if (allowed[other] && !listed.has(other)) rest.push({ item: other, score: Math.min(most, scores[other]), estimated: !exact[other] });
  }
  rest.sort((a, b) => b.score - a.score);
  return [...found, ...rest.slice(0, k - found.length)];
}

// Whether nothing is left of the examples' numbers but what their rounding to bytes may leave. Of
// items that have next to none in the page, this says nothing.
function onlyRounding(weighted) {
  const weights = weighted.reduce((sum, [, weight]) => sum + Math.abs(weight), 0);
  let [left, parts, rounding] = [0, 0, 0];
  for (let d = 0; d < nNumbers; d++) {
    let sum = 0;
    for (const [item, weight] of weighted) {
      const part = weight * numbers[item * nNumbers + d];
      sum += part;
      parts += part ** 2;
    }
    left += sum ** 2;
    rounding += (weights * shop.step[d] / 2) ** 2;
  }
  return left <= rounding && parts > rounding;
}

// Rocchio's query, as in find/rocchio.py: the mean of the liked, less a part of the mean of the
// unliked. Null if they cancel each other out.
const NOTHING = 1e-5;
function neighboursOfSeveral(like, unlike, k, allowed) {
  if (like.length + unlike.length === 1) return neighboursOf(like[0], k, allowed);
  const weighted = [
    ...like.map((item) => [item, 1 / like.length]),
    ...unlike.map((item) => [item, -shop.unlikeShare / unlike.length]),
  ];
  const examples = weighted.map(([item, weight]) => ({ weight, ...scoresOf(item) }));
  let square = 0;
  for (const { weight, scores } of examples) {
    for (const [other, share] of weighted) square += weight * share * scores[other];
  }
  if (square < NOTHING ** 2 || onlyRounding(weighted)) return null;
  const length = Math.sqrt(square);
  const found = [];
  for (let item = 0; item < nItems; item++) {
    if (!allowed[item]) continue;
    let sum = 0;
    let estimated = false;
    for (const { weight, scores, exact } of examples) {
      sum += weight * scores[item];
      if (!exact[item]) estimated = true;
    }
    found.push({ item, score: Math.max(-1, Math.min(1, sum / length)), estimated });
  }
  return found.sort((a, b) => b.score - a.score || a.item - b.item).slice(0, k);
}

function ranking(matching) {
  const asked = [...inQuery(), ...(state.mode === "several" ? state.unlike : [])];
  const allowed = matching.slice();
  for (const item of asked) allowed[item] = 0;
  if (settings.hide && shop.products) {
    const hidden = new Set(asked.map((item) => shop.products[item]));
    for (let item = 0; item < nItems; item++) if (hidden.has(shop.products[item])) allowed[item] = 0;
  }
  return state.mode === "item"
    ? neighboursOf(state.item, settings.k, allowed)
    : neighboursOfSeveral(state.like, state.unlike, settings.k, allowed);
}

let lastRanking = { asked: null, found: [] };
// The neighbours that are shown now, of what the filters leave; null if nothing is left to search by.
function ranked(matching) {
  const { mode, item, like, unlike } = state;
  const chosen = filters.map((filter) => [...filter.chosen]);
  const asked = JSON.stringify([mode, item, like, unlike, settings.k, settings.hide, chosen]);
  if (lastRanking.asked !== asked) lastRanking = { asked, found: ranking(matching) };
  return lastRanking.found;
}

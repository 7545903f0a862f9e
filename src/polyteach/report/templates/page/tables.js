// Tables: sorted by any column, and reachable by keyboard where they scroll sideways.

const EMPTY = ["", "–"];
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

// What a cell is sorted by: its bare value, else the number its text begins with, else its text.
function sortKey(cell) {
  const bare = cell?.dataset.value;
  if (bare !== undefined) return Number.isNaN(Number(bare)) ? bare : Number(bare);
  const text = shownText(cell);
  if (EMPTY.includes(text)) return null;
  const found = /^[^\p{L}\d−-]*([−-]?[\d,]*\.?\d+)/u.exec(text);
  return found ? Number(found[1].replaceAll(",", "").replace("−", "-")) : text;
}

// A cell's text as it is read: what stands on a line of its own, or smaller, is a word apart.
function shownText(cell) {
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    const inside = [...node.childNodes].map(read).join("");
    return /^(BR|DIV|SMALL|LI)$/.test(node.nodeName) ? ` ${inside} ` : inside;
  };
  return cell ? read(cell).replace(/\s+/g, " ").trim() : "";
}

// Numbers before texts; what is undefined stands last in either direction.
function compare(one, other, direction) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "number" && typeof other === "number") return direction * (one - other);
  if (typeof one === "number" || typeof other === "number") return typeof one === "number" ? -1 : 1;
  return direction * collator.compare(one, other);
}

// Rows are sorted within their group: each body of the table, and in it from one heading row to the next.
function groupsOf(table) {
  const groups = [];
  for (const body of table.tBodies) {
    let rows = null;
    for (const row of body.rows) {
      if (row.classList.contains("group") || rows === null) groups.push((rows = []));
      if (!row.classList.contains("group")) rows.push(row);
    }
  }
  return groups;
}

function sortRows(table, column, direction) {
  table.written ??= groupsOf(table); // the order they came in
  for (const rows of table.written) {
    const keys = new Map(rows.map((row) => [row, sortKey(row.cells[column])]));
    const sorted = direction ? [...rows].sort((a, b) => compare(keys.get(a), keys.get(b), direction)) : rows;
    if (!rows.length) continue;
    const body = rows[0].parentNode;
    const places = new Set(rows);
    let after = [...body.rows].findLast((row) => places.has(row)).nextSibling;
    while (after && places.has(after)) after = after.nextSibling;
    for (const row of sorted) body.insertBefore(row, after);
  }
}

// A click sorts: numbers from the largest, texts from A; another turns it round; a third gives the first order back.
function sortBy(table, heads, column) {
  const head = heads[column];
  const first = head.classList.contains("num") || head.closest("table.heat") && column ? "descending" : "ascending";
  const second = first === "descending" ? "ascending" : "descending";
  const next = { [first]: second, [second]: null }[head.ariaSort ?? ""];
  const state = next === undefined ? first : next;
  for (const other of heads) other.removeAttribute("aria-sort");
  if (state) head.setAttribute("aria-sort", state);
  sortRows(table, column, { ascending: 1, descending: -1 }[state] ?? 0);
  const by = shownText(head);
  tell(state ? `${table.dataset.name}: sorted by ${by}, ${state}` : `${table.dataset.name}: in the order it came in`);
}

function makeSortable(table) {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const plain = heads.every((head) => head.colSpan === 1 && head.rowSpan === 1);
  if (!plain || table.tHead.rows.length > 1 || !groupsOf(table).some((rows) => rows.length > 1)) return;
  heads.forEach((head, column) => {
    if (!shownText(head)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.title = "sort by this column";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(table, heads, column));
  });
}

// A box that scrolls must be reached by keyboard, and say what it is.
function makeReachable(box) {
  if (box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight) {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    return;
  }
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `${box.querySelector("table")?.dataset.name ?? box.dataset.name ?? "text"}, scrolls`);
}

whenRead(() => {
  document.querySelectorAll("table[data-name]").forEach(makeSortable);
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => makeReachable(entry.target)));
  document.querySelectorAll(".scroll, main pre").forEach((box) => sizes.observe(box));
});

// "Copy as": every table with a name as Markdown, CSV or LaTeX, as it stands: sorted, and for the chosen language.

function rowsOf(table) {
  const seen = (element) => !element.hidden && !("uncopied" in element.dataset);
  const bodies = [...table.tBodies].filter(seen);
  const rows = [...(table.tHead?.rows ?? []), ...bodies.flatMap((body) => [...body.rows])].filter(seen);
  return rows.map((row) => [...row.cells].filter(seen).flatMap((cell) => {
    const text = shownText(cell);
    const { value = bareText(text), low, high } = cell.dataset;
    const one = { text, value, low, high, number: cell.classList.contains("num") };
    const empty = { text: "", value: "", number: false };
    return [one, ...Array(cell.colSpan - 1).fill(empty)];
  }));
}

// A number as programs read it; a text as it is.
function bareText(text) {
  if (EMPTY.includes(text)) return "";
  const plain = text.replace(/^−(?=[\d.])/, "-");
  return /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(",", "") : plain;
}

// A spreadsheet runs what begins like a formula: an apostrophe before it makes it a text.
function csvField(value) {
  const formula = /^\s*[=+\-@\t\r]/.test(value) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);
  const safe = formula ? `'${value}` : value;
  return /[",\n\r']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const LATEX = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "^": "\\textasciicircum{}",
  _: "\\_", "~": "\\textasciitilde{}", "%": "\\%", "−": "$-$", "–": "--", "×": "$\\times$", "±": "$\\pm$",
  "²": "$^2$", "▲": "$\\blacktriangle$", "▼": "$\\blacktriangledown$", "✓": "\\checkmark{}", "✗": "$\\times$",
  "→": "$\\rightarrow$", "<": "$<$", ">": "$>$", "|": "$|$", '"': "''",
};

const FORMATS = {
  Markdown(rows) {
    const line = (cells) => `| ${cells.join(" | ")} |`;
    const escaped = (cell) => cell.text.replace(/[\\`*_[\]<>|&~]/g, "\\$&");
    const [head, ...rest] = rows;
    const rule = line(head.map((cell) => (cell.number ? "---:" : "---")));
    return [line(head.map(escaped)), rule, ...rest.map((row) => line(row.map(escaped)))].join("\n") + "\n";
  },
  CSV(rows) {
    // The bounds of intervals stand in two columns more.
    const bounded = rows[0].map((_, column) => rows.some((row) => row[column]?.low !== undefined));
    const fields = (row, index) => row.flatMap(({ value, low = "", high = "" }, column) => {
      if (!bounded[column]) return [value];
      return index ? [value, low, high] : [value, `${value} low`, `${value} high`];
    });
    return rows.map((row, index) => fields(row, index).map(csvField).join(",")).join("\r\n") + "\r\n";
  },
  LaTeX(rows) {
    const escaped = (cell) => [...cell.text].map((letter) => LATEX[letter] ?? letter).join("");
    const lines = rows.map((row) => `${row.map(escaped).join(" & ")} \\\\`);
    const columns = rows[0].map((cell) => (cell.number ? "r" : "l")).join("");
    const whole = [`\\begin{tabular}{${columns}}`, "\\hline", lines[0], "\\hline", ...lines.slice(1), "\\hline"];
    return [...whole, "\\end{tabular}"].join("\n") + "\n";
  },
};

// The clipboard is closed to some pages from disk: then the old way, and at last a text to copy by hand.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

function byHand(menu, text) {
  menu.querySelector("textarea")?.remove();
  const field = document.createElement("textarea");
  field.readOnly = true;
  field.value = text;
  field.setAttribute("aria-label", "the table, to copy by hand");
  menu.append(field);
  field.select();
}

function copyMenu(table) {
  const menu = document.createElement("details");
  menu.className = "copy";
  const summary = document.createElement("summary");
  summary.textContent = "copy as";
  summary.setAttribute("aria-label", `copy the table “${table.dataset.name}” as`);
  const choices = document.createElement("div");
  for (const [name, format] of Object.entries(FORMATS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", async () => {
      const text = format(rowsOf(table));
      const copied = await toClipboard(text);
      if (!copied) {
        byHand(choices, text);
        return;
      }
      menu.open = false;
      summary.focus();
      summary.textContent = `copied as ${name}`;
      tell(`${table.dataset.name}: copied as ${name}`);
      setTimeout(() => (summary.textContent = "copy as"), 2500);
    });
    choices.append(button);
  }
  menu.append(summary, choices);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      summary.focus();
    }
  });
  return menu;
}

whenRead(() => {
  for (const table of document.querySelectorAll("table[data-name]")) {
    (table.closest(".scroll") ?? table).before(copyMenu(table));
  }
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.copy[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
});

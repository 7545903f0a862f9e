// One item at a time; answers are kept in the browser after each, and saved as one file. Texts are shown by
// textContent alone.

whenRead(() => {
  const { page, language, items, words } = JSON.parse(document.getElementById("review").textContent);
  const STORE = `polyteach-review-${page}`;
  const MARKS = ["1", "2", "3", "4", "5", "cannot"];
  const CHOICES = ["first", "second", "both_good", "both_bad", "cannot"];
  const at = (id) => document.getElementById(id);
  const rightToLeft = document.documentElement.dir === "rtl";
  const allowed = (item) => (item.kind === "mark" ? MARKS : CHOICES);

  let state = restored();
  let place = firstOpen(0);
  let keeps = keep();

  // What this browser kept of this page: only known items, only answers that can be given.
  function restored() {
    let kept = {};
    try {
      kept = JSON.parse(remembered(STORE)) ?? {};
    } catch {
      kept = {};
    }
    const given = kept.answers ?? {};
    const known = items.filter((item) => allowed(item).includes(given[item.id]));
    const isId = typeof kept.id === "string" && /^[0-9a-f]{16}$/.test(kept.id);
    return {
      id: isId ? kept.id : newId(),
      name: typeof kept.name === "string" ? kept.name.slice(0, 80) : "",
      answers: Object.fromEntries(known.map((item) => [item.id, given[item.id]])),
    };
  }

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // The page may stand in several tabs: before a change, what another one kept is taken over.
  function renew() {
    if (keeps) state = restored();
  }

  // Whether the browser keeps it: some close their storage to pages from disk.
  function keep() {
    const text = JSON.stringify(state);
    remember(STORE, text);
    return remembered(STORE) === text;
  }

  function firstOpen(from) {
    const open = items.findIndex((item, number) => number >= from && !(item.id in state.answers));
    return open < 0 ? items.length : open;
  }

  function passage(name, shown, kind) {
    const block = document.createElement("div");
    const title = document.createElement("h2");
    const text = document.createElement("div");
    block.className = kind;
    title.textContent = name;
    text.className = "text";
    text.lang = language;
    text.dir = shown.dir;
    text.textContent = shown.text;
    block.append(title, text);
    return block;
  }

  function drawTexts(item) {
    const each = item.answers.map((answer, side) => {
      const letter = item.answers.length > 1 ? ` ${"AB"[side]}` : "";
      const column = document.createElement("div");
      column.className = "side";
      if (item.prompts.length > 1) {
        column.append(passage(words.question + letter, item.prompts[side], "asked"));
      }
      column.append(passage(words.answer + letter, answer, "given"));
      return column;
    });
    const sides = document.createElement("div");
    sides.className = `sides of-${each.length}`;
    sides.append(...each);
    const shared = item.prompts.length === 1 ? [passage(words.question, item.prompts[0], "asked")] : [];
    at("texts").replaceChildren(...shared, sides);
  }

  function draw(focus) {
    const item = items[place];
    const done = Object.keys(state.answers).length;
    at("progress").max = items.length;
    at("progress").value = done;
    at("progress-text").textContent = words.progress.replace("{done}", done).replace("{all}", items.length);
    if (document.activeElement !== at("name")) at("name").value = state.name;
    at("kept").textContent = keeps ? words.kept : words.not_kept;
    at("item").hidden = !item;
    at("end").hidden = Boolean(item);
    at("back").disabled = place === 0;
    at("next").disabled = !item;
    at("thanks").textContent = done === items.length ? words.finished : words.unfinished;
    if (item) {
      drawTexts(item);
      at("ask").textContent = item.kind === "mark" ? words.ask_mark : words.ask_choice;
      at("marks").hidden = item.kind !== "mark";
      at("pairs").hidden = item.kind !== "pair";
      document.querySelectorAll("[data-answer]").forEach((button) => {
        button.setAttribute("aria-pressed", String(state.answers[item.id] === button.dataset.answer));
      });
    }
    if (focus) {
      const heading = at(item ? "ask" : "thanks");
      heading.focus({ preventScroll: true });
      at(item ? "item" : "end").scrollIntoView({ block: "start" });
    }
  }

  function go(to) {
    place = Math.min(Math.max(to, 0), items.length);
    draw(true);
  }

  function answer(value) {
    const item = items[place];
    if (!item || !allowed(item).includes(value)) return;
    renew();
    const wasOpen = !(item.id in state.answers);
    state.answers[item.id] = value;
    keeps = keep();
    at("instructions").open = false;
    go(wasOpen ? firstOpen(place + 1) : place + 1);
  }

  // The next person in this browser begins with nothing, under a number of their own.
  function passOn() {
    if (!confirm(words.other_sure)) return;
    state = { id: newId(), name: "", answers: {} };
    keeps = keep();
    at("copied").hidden = true;
    at("instructions").open = true;
    go(0);
  }

  // What is sent back: see answers.py, which reads it.
  function file() {
    renew();
    const of = (kind, value) =>
      Object.fromEntries(
        items
          .filter((item) => item.kind === kind && item.id in state.answers)
          .map((item) => [item.id, value(state.answers[item.id])]),
      );
    return JSON.stringify(
      {
        schema_version: 1,
        kind: "polyteach-review",
        page,
        language,
        reviewer: { id: state.id, name: state.name.trim() },
        marks: of("mark", (given) => (given === "cannot" ? given : Number(given))),
        choices: of("pair", (given) => given),
      },
      null,
      1,
    );
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file()], { type: "application/json" }));
    link.download = `review-${language}-${state.id}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async function copy() {
    const area = at("copied");
    area.hidden = false;
    area.value = file();
    area.focus();
    area.select();
    try {
      await navigator.clipboard.writeText(area.value);
      tell(words.copied);
    } catch {
      // the text stands there, chosen, to be copied by hand
    }
  }

  const byKey = {
    ArrowLeft: () => answer(rightToLeft ? "second" : "first"),
    ArrowRight: () => answer(rightToLeft ? "first" : "second"),
    t: () => answer("both_good"),
    b: () => answer("both_bad"),
    0: () => answer("cannot"),
    " ": () => go(place + 1),
    Backspace: () => go(place - 1),
  };

  document.addEventListener("keydown", (event) => {
    const typed = event.target.closest("input, textarea, select");
    const pressing = event.key === " " && event.target.closest("button, summary, a");
    if (typed || pressing || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = byKey[key] ?? (/^[1-5]$/.test(key) ? () => answer(key) : null);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act(); // a key held down is one answer
  });
  document.querySelectorAll("[data-answer]").forEach((button) => {
    button.addEventListener("click", () => answer(button.dataset.answer));
  });
  at("back").addEventListener("click", () => go(place - 1));
  at("next").addEventListener("click", () => go(place + 1));
  at("save").addEventListener("click", save);
  at("copy").addEventListener("click", copy);
  at("other").addEventListener("click", passOn);
  at("name").addEventListener("input", () => {
    renew();
    state.name = at("name").value;
    keeps = keep();
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== STORE) return;
    renew();
    draw(false);
  });
  if (Object.keys(state.answers).length) at("instructions").open = false;
  draw(false);
});

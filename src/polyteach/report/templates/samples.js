// The explorer of samples: search, filters by teacher, language, method and problem, and links from the page's
// figures (`#samples?teacher=T&language=L&problem=P`). Texts are hostile: they are only ever `textContent`.

const SAMPLES = "#samples";
const SHOWN_AT_ONCE = 10;
const SHOWN_OF_A_TEXT = 600; // characters, until the reader asks for the rest
const ANY_PROBLEM = "any";

function element(tag, properties = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// The block of data, unpacked where it was packed.
async function readSamples() {
  const block = document.getElementById("samples-data");
  if (!block.dataset.packed) return JSON.parse(block.textContent);
  const bytes = Uint8Array.from(atob(block.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(block.dataset.packed));
  return new Response(stream).json();
}

// A text as the data has it: alone, or [text, characters that were cut off, whether it runs against its language].
function opened(text, rtl) {
  const [shown, more, against] = Array.isArray(text) ? text : [text, 0, 0];
  return { shown, more, direction: rtl !== Boolean(against) ? "rtl" : "ltr" };
}

function same(one, other) {
  return other !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

class Explorer {
  constructor(place, data) {
    this.data = data;
    this.rtl = new Map(data.languages.map((language) => [language.code, language.rtl]));
    this.entries = [
      ...data.samples.map((sample) => ({ ...sample, made: sample.answers })),
      ...data.failed.map((lost) => ({ ...lost, made: [{ teacher: lost.teacher, problems: [lost.problem] }] })),
    ];
    this.entries.forEach((entry, number) => (entry.number = number));
    this.limit = SHOWN_AT_ONCE;
    this.form = this.controls();
    this.count = element("p", { className: "note", role: "status" });
    this.list = element("div");
    this.more = element("button", { type: "button", className: "more-samples" });
    this.more.addEventListener("click", () => this.showMore());
    place.replaceChildren(this.form, this.count, this.list, this.more);
  }

  controls() {
    const { teachers, languages, methods, problems } = this.data;
    this.fields = {
      q: element("input", { type: "search", placeholder: "words of prompts and answers", autocomplete: "off" }),
      teacher: this.choice(teachers.map((name) => [name, name]), "all teachers"),
      language: this.choice(languages.map((one) => [one.code, one.name]), "all languages"),
      method: this.choice(methods.map((one) => [one.name, one.name]), "all methods"),
      problem: this.choice(
        [[ANY_PROBLEM, "any problem"], ...problems.map((one) => [one.code, one.title])], "with or without problems",
      ),
    };
    const names = { q: "Search", teacher: "Teacher", language: "Language", method: "Method", problem: "Problem" };
    const labels = Object.entries(this.fields).map(([key, field]) => {
      field.id = `samples-${key}`;
      const name = element("label", { htmlFor: field.id, textContent: names[key] });
      return element("div", { className: "control" }, [name, field]);
    });
    const form = element("form", { className: "samples-form", role: "search", ariaLabel: "Samples" }, labels);
    form.append(element("button", { type: "reset", textContent: "Clear" }));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => this.chosen());
    form.addEventListener("reset", () => setTimeout(() => this.chosen()));
    let waiting;
    this.fields.q.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.chosen(), 150);
    });
    return form;
  }

  choice(options, all) {
    const made = element("select", {}, [element("option", { value: "", textContent: all })]);
    for (const [value, name] of options) made.append(element("option", { value, textContent: name }));
    return made;
  }

  // Shows what an address or a link asks for; what it does not name is free.
  ask(parameters) {
    for (const [key, field] of Object.entries(this.fields)) {
      field.value = parameters.get(key) ?? "";
      if (field.selectedIndex === -1) field.value = ""; // a name that is not here
    }
    this.only = parameters.has("sample") ? Number(parameters.get("sample")) : null;
    this.limit = SHOWN_AT_ONCE;
    this.show();
  }

  // The reader chose: the address tells it, so that it can be sent to others.
  chosen() {
    this.only = null;
    this.limit = SHOWN_AT_ONCE;
    const asked = Object.entries(this.fields).filter(([, field]) => field.value);
    const address = new URLSearchParams(asked.map(([key, field]) => [key, field.value]));
    try {
      history.replaceState(null, "", asked.length ? `${SAMPLES}?${address}` : SAMPLES);
    } catch {
      // some browsers refuse it to pages from disk: the address stays as it was
    }
    this.show();
  }

  found() {
    const { data, fields } = this;
    if (this.only !== null) return this.entries.filter((entry) => entry.number === this.only);
    const place = (names, value) => (value ? names.indexOf(value) : -1);
    const teacher = place(data.teachers, fields.teacher.value);
    const language = place(data.languages.map((one) => one.code), fields.language.value);
    const method = place(data.methods.map((one) => one.name), fields.method.value);
    const any = fields.problem.value === ANY_PROBLEM;
    const problem = any ? -1 : place(data.problems.map((one) => one.code), fields.problem.value);
    const words = folded(fields.q.value.trim());
    const broken = (answer) => (any ? (answer.problems ?? []).length > 0 : (answer.problems ?? []).includes(problem));
    return this.entries.filter((entry) => {
      if (language >= 0 && entry.language !== language) return false;
      if (method >= 0 && entry.method !== method) return false;
      const made = teacher >= 0 ? entry.made.filter((answer) => answer.teacher === teacher) : entry.made;
      if (!made.length) return false;
      // Failed answers have no text of a row: they stand only where their problem is asked for.
      if (!any && problem < 0 && entry.texts) return false;
      if ((any || problem >= 0) && !made.some(broken)) return false;
      return !words || this.textOf(entry).includes(words);
    });
  }

  // All that can be searched of an entry, put together once.
  textOf(entry) {
    if (entry.folded === undefined) {
      const pairs = (entry.human ?? []).map((place) => this.data.human[place]);
      const texts = [entry, ...(entry.answers ?? []), ...pairs].flatMap((one) => [one.prompt, one.response]);
      const all = [...texts, ...(entry.texts ?? [])].filter((text) => text !== undefined);
      entry.folded = folded(all.map((text) => opened(text, false).shown).join("\n"));
    }
    return entry.folded;
  }

  show() {
    const found = this.found();
    this.matches = found;
    this.words = folded(this.fields.q.value.trim());
    this.list.replaceChildren();
    this.showTo(0);
    const number = found.length.toLocaleString("en");
    const of = this.entries.length.toLocaleString("en");
    this.count.textContent = found.length
      ? `${number} of ${of} samples. Texts are cut after ${this.data.cut.toLocaleString("en")} characters.`
      : "No sample is like this. The page has a part of the rows only: what is rare may be in none of them.";
  }

  showTo(first) {
    const shown = this.matches.slice(first, this.limit);
    this.list.append(...shown.map((entry) => (entry.texts ? this.lost(entry) : this.sample(entry))));
    const left = this.matches.length - Math.min(this.limit, this.matches.length);
    this.more.hidden = left === 0;
    this.more.textContent = `Show ${Math.min(left, SHOWN_AT_ONCE)} more`;
  }

  showMore() {
    const before = this.limit;
    this.limit += SHOWN_AT_ONCE;
    this.showTo(before);
    const next = this.list.children[before];
    next.tabIndex = -1;
    next.focus();
  }

  head(entry, extra) {
    const method = this.data.methods[entry.method];
    const language = this.data.languages[entry.language];
    const told = [language.name, method.name].join(", ") + (method.told && !entry.texts ? `: ${method.told}` : "");
    const link = element("a", {
      href: `${SAMPLES}?sample=${entry.number}`, textContent: "link", ariaLabel: `link to sample ${entry.number + 1}`,
    });
    return element("div", { className: "method" }, [told, ...(extra ? [` (${extra})`] : []), " · ", link]);
  }

  sample(entry) {
    const code = this.data.languages[entry.language].code;
    const answers = entry.answers.map((answer) => this.answer(answer, code));
    const chosen = this.data.teachers.indexOf(this.fields.teacher.value);
    const first = entry.answers.findIndex((answer) => answer.teacher === chosen);
    if (first >= 0) {
      answers[first].classList.add("chosen");
      answers.unshift(...answers.splice(first, 1));
    }
    const human = (entry.human ?? []).map((place) => this.data.human[place]);
    const told = human.filter((pair) => pair.response !== undefined || !same(pair.prompt, entry.prompt));
    if (told.length) answers.unshift(this.human(told, entry.prompt));
    const parts = [this.head(entry, entry.picked ? "picked for a problem" : "")];
    if (entry.prompt !== undefined) parts.push(this.text(entry.prompt, code, "asked"));
    parts.push(element("div", { className: "answers" }, answers));
    return element("article", { className: "card sample" }, parts);
  }

  answer(answer, code) {
    const parts = [element("div", { className: "who", textContent: this.data.teachers[answer.teacher] })];
    const problems = (answer.problems ?? []).map((place) =>
      element("li", { textContent: this.data.problems[place].title }));
    if (problems.length) parts.push(element("ul", { className: "problems" }, problems));
    if (answer.prompt !== undefined) parts.push(this.text(answer.prompt, code, "asked"));
    parts.push(
      answer.response === "" ? element("div", { className: "empty", textContent: "no response" })
        : this.text(answer.response, code),
    );
    return element("div", { className: problems.length ? "answer marked" : "answer" }, parts);
  }

  // Human rows; a prompt that all teachers were given stands above already.
  human(pairs, above) {
    const who = element("div", { className: "who", textContent: "seed data (human)" });
    const rows = pairs.map((pair) => element("div", { className: "pair" }, [
      ...(same(pair.prompt, above) ? [] : [this.text(pair.prompt, pair.lang, "asked")]),
      ...(pair.response === undefined ? [] : [this.text(pair.response, pair.lang)]),
    ]));
    return element("div", { className: `answer human-rows${rows.length > 1 ? " several" : ""}` }, [who, ...rows]);
  }

  lost(entry) {
    const code = this.data.languages[entry.language].code;
    const who = element("div", { className: "who", textContent: this.data.teachers[entry.teacher] });
    const title = this.data.problems[entry.problem].title;
    const answers = entry.count === 1 ? "1 answer" : `${entry.count.toLocaleString("en")} answers`;
    const count = `${title}, ${answers}${entry.texts.length < entry.count ? "; some of them" : ""}`;
    const problems = element("ul", { className: "problems" }, [element("li", { textContent: count })]);
    const texts = entry.texts.map((text) => this.text(text, code, "failed"));
    const none = element("div", { className: "empty", textContent: "no text was kept" });
    const answer = element("div", { className: "answer marked" }, [who, problems, ...(texts.length ? texts : [none])]);
    return element("article", { className: "card sample" }, [this.head(entry, ""), answer]);
  }

  // A text in its language and direction; a long one opens when it is asked to.
  text(text, code, kind = "") {
    const { shown, more, direction } = opened(text, this.rtl.get(code) ?? false);
    const made = element("div", { className: `text ${kind}`.trim(), lang: code, dir: direction });
    const whole = () => {
      made.replaceChildren(...this.marked(shown));
      if (more) {
        const note = ` … ${more.toLocaleString("en")} characters more`;
        made.append(element("span", { className: "more", textContent: note }));
      }
    };
    const found = this.words && folded(shown).includes(this.words);
    if (shown.length <= SHOWN_OF_A_TEXT || found) {
      whole();
      return made;
    }
    const button = element("button", { type: "button", className: "whole", textContent: "show all" });
    button.addEventListener("click", () => {
      whole();
      made.tabIndex = -1;
      made.focus();
    });
    // By characters, so that no pair of surrogates is parted.
    made.append(`${[...shown].slice(0, SHOWN_OF_A_TEXT).join("")} … `, button);
    return made;
  }

  // The text in parts, what was searched for in `mark`s, where folding keeps every letter's place.
  marked(shown) {
    const plain = folded(shown);
    if (!this.words || plain.length !== shown.length) return [shown];
    const parts = [];
    let from = 0;
    for (let at = plain.indexOf(this.words); at >= 0; at = plain.indexOf(this.words, from)) {
      const to = at + this.words.length;
      parts.push(shown.slice(from, at), element("mark", { textContent: shown.slice(at, to) }));
      from = to;
    }
    return [...parts, shown.slice(from)];
  }
}

// Those in the language that the whole page is filtered by.
function ofThePage() {
  const chosen = document.getElementById("language")?.value;
  return new URLSearchParams(chosen ? { language: chosen } : {});
}

let explorer; // a promise of it, once it was asked for

function openExplorer() {
  explorer ??= readSamples().then((data) => {
    const made = new Explorer(document.getElementById("explorer"), data);
    document.getElementById("standing-samples").hidden = true;
    made.ask(ofThePage());
    return made;
  });
  return explorer;
}

async function followToSamples(address) {
  const section = document.querySelector(SAMPLES);
  if (!section || !address.startsWith(`${SAMPLES}?`)) return;
  const made = await openExplorer();
  made.ask(new URLSearchParams(address.slice(SAMPLES.length + 1)));
  const heading = section.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  section.scrollIntoView();
  tell(made.count.textContent);
}

whenRead(() => {
  const section = document.querySelector(SAMPLES);
  if (!section) return;
  window.addEventListener("hashchange", () => followToSamples(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest(`a[href^="${SAMPLES}?"]`);
    // The same address again is no change of it.
    if (link && link.getAttribute("href") === location.hash) followToSamples(location.hash);
  });
  document.addEventListener("language", async () => {
    if (explorer) (await explorer).ask(ofThePage());
  });
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    openExplorer();
  }, { rootMargin: "400px" });
  near.observe(section);
  // Opened for the samples of one language, the page is for that language.
  if (location.hash.startsWith(`${SAMPLES}?`)) {
    chooseLanguage(new URLSearchParams(location.hash.slice(SAMPLES.length + 1)).get("language"));
  }
  followToSamples(location.hash);
});

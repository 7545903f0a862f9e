// Light, dark, or as the system says. Runs in the head, before anything is drawn, so that nothing flashes.
// The dark colours stand in one media rule of the page's style; the choice is made by changing its condition.

const THEME = "polyteach-theme";
const darkRule = [...document.styleSheets[0].cssRules].find(
  (rule) => rule.media && rule.media.mediaText.includes("prefers-color-scheme: dark"),
);
const bySystem = darkRule.media.mediaText;

// Storage is closed to pages from disk in some browsers and settings: then a choice lasts as long as the page.
function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // the choice holds until the page is left
  }
}

function chooseTheme(theme) {
  const condition = { light: "not all", dark: "screen" }[theme];
  darkRule.media.mediaText = condition ?? bySystem;
  document.documentElement.dataset.theme = condition ? theme : "auto";
}

document.documentElement.classList.add("js");
chooseTheme(remembered(THEME));

// Calls what needs the whole page, once it is there.
function whenRead(work) {
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", work);
  } else {
    work();
  }
}

// Says something to a screen reader, and to nobody else.
function tell(text) {
  document.getElementById("told").textContent = text;
}

whenRead(() => {
  const select = document.getElementById("theme");
  select.value = document.documentElement.dataset.theme;
  select.addEventListener("change", () => {
    chooseTheme(select.value);
    remember(THEME, select.value);
  });
});

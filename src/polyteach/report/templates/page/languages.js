// One language at a time: what belongs to another is hidden. `#language=de` in the address chooses it.

const ADDRESS = "#language=";

function chooseLanguage(code) {
  const select = document.getElementById("language");
  const known = [...select.options].some((option) => option.value === code);
  const chosen = known ? code : "";
  select.value = chosen;
  for (const element of document.querySelectorAll("[data-language]")) {
    element.hidden = chosen !== "" && element.dataset.language !== chosen;
    if (chosen && element.tagName === "DETAILS" && !element.hidden) element.open = true;
  }
  document.dispatchEvent(new CustomEvent("language", { detail: chosen }));
  const name = select.selectedOptions[0].textContent;
  tell(chosen ? `Only ${name} is shown` : "All languages are shown");
}

whenRead(() => {
  const select = document.getElementById("language");
  const asked = () => {
    if (location.hash.startsWith(ADDRESS)) chooseLanguage(new URLSearchParams(location.hash.slice(1)).get("language"));
  };
  select.addEventListener("change", () => {
    chooseLanguage(select.value);
    try {
      history.replaceState(null, "", select.value ? ADDRESS + encodeURIComponent(select.value) : "#");
    } catch {
      // some browsers refuse it to pages from disk: the address stays as it was
    }
  });
  window.addEventListener("hashchange", asked);
  asked();
});

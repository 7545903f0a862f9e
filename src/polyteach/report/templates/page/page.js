// Around the sections: which one is read, and a page on paper.

// What is closed cannot be read on paper: all is opened for it, and closed again after.
let openedForPaper = [];
window.addEventListener("beforeprint", () => {
  openedForPaper = [...document.querySelectorAll("main details:not([open]):not(.copy)")];
  for (const details of openedForPaper) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of openedForPaper) details.open = false;
  openedForPaper = [];
});

whenRead(() => {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) {
    const section = document.getElementById(link.hash.slice(1));
    if (section) links.set(section, link);
  }
  let current = null;
  const mark = () => {
    const read = [...links.keys()].filter((section) => section.getBoundingClientRect().top < innerHeight / 3).at(-1);
    if (read === current) return;
    links.get(current)?.removeAttribute("aria-current");
    current = read ?? null;
    const link = links.get(current);
    if (!link) return;
    link.setAttribute("aria-current", "true");
    const strip = link.parentElement;
    strip.scrollLeft = link.offsetLeft - strip.offsetLeft - strip.clientWidth / 3;
  };
  if (!links.size) return;
  const seen = new IntersectionObserver(mark, { rootMargin: "0px 0px -66% 0px", threshold: [0, 0.01] });
  for (const section of links.keys()) seen.observe(section);
});

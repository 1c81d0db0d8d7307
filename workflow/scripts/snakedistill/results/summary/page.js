"use strict";
{
  const chapters = [...document.querySelectorAll(".chapter > details")];

  // A link to a heading opens what hides it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const own = target.matches(".chapter") ? target.firstElementChild : null;
    for (let one = own ?? target; one; one = one.parentElement) if (one.matches("details")) one.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", event => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) reveal();
  });
  reveal();

  const all = document.getElementById("open-all");
  if (all) {
    all.hidden = false;
    all.addEventListener("click", () => chapters.forEach(one => { one.open = true; }));

    // The contents are open beside the text, and folded above it.
    const contents = all.closest("details"), wide = matchMedia("(min-width: 64rem)");
    const fold = () => { contents.open = wide.matches; };
    wide.addEventListener("change", fold);
    fold();
  }

  // Paper has every chapter.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = chapters.filter(one => !one.open);
    closed.forEach(one => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach(one => { one.open = false; }));

  // The keyboard reaches a frame only while there is something to scroll.
  const watch = new ResizeObserver(entries => entries.forEach(({ target }) => {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }));
  document.querySelectorAll(".frame").forEach(frame => watch.observe(frame));
}

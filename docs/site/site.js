// What the theme leaves out for keyboards and screen readers.
function mend() {
  document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code").forEach((region) => {
    if (region.scrollWidth > region.clientWidth) region.tabIndex = 0;
  });
  document.querySelectorAll(".md-code__nav:not([aria-label])").forEach((buttons, number) => {
    buttons.setAttribute("aria-label", `Code ${number + 1}`);
  });
  document.querySelectorAll("a[id^='__codelineno'][href]").forEach((line) => line.removeAttribute("href"));
}

addEventListener("load", mend);
addEventListener("resize", mend);
new MutationObserver(mend).observe(document.documentElement, { childList: true, subtree: true });

"use strict";
{
  const FEW = 24, FIRST = 8;
  const part = id => document.getElementById(id);
  const { classes, networks, shown, about, filters, images } = JSON.parse(part("gallery-data").textContent);
  const form = part("gallery-filter"), list = part("gallery"), more = part("gallery-more"), dialog = part("gallery-image");
  const byClass = form.querySelector("select");
  let chosen = [], current = 0, every = false;

  const element = (tag, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  };
  const percent = probability => `${(100 * probability).toFixed(1)}\u00a0%`;
  const verdict = (image, network) => {
    const [[answer, probability]] = image.answers[network], right = answer === image.label;
    return { right, mark: right ? "✓ right" : "✗ wrong", answer: classes[answer], probability };
  };

  part("gallery-about").textContent = about;
  for (const [key, { label, images: counts }] of Object.entries(filters)) {
    const radio = element("input", { type: "radio", name: "kind", value: key, checked: key === "all" });
    const number = counts.reduce((sum, count) => sum + count, 0);
    form.querySelector("fieldset").append(element("label", {}, radio, ` ${label} (${number.toLocaleString("en")})`));
  }
  byClass.append(element("option", { value: "" }, "all classes"));
  [...new Set(images.map(image => image.label))].sort((a, b) => a - b)
    .forEach(label => byClass.append(element("option", { value: label }, classes[label])));

  const item = (image, position) => {
    const button = element("button", { type: "button" }, element("img", { src: image.source, alt: "", loading: "lazy" }));
    button.append(element("b", {}, classes[image.label]));
    for (const network of shown) {
      const { right, mark, answer } = verdict(image, network);
      const line = element("span", { className: right ? "right" : "wrong" }, `${networks[network]} `);
      line.append(right ? mark : `✗ ${answer}`);
      button.append(line);
    }
    button.addEventListener("click", () => { show(position); dialog.showModal(); });
    return element("li", {}, button);
  };

  const fill = () => {
    const kind = form.elements.kind.value, label = byClass.value;
    chosen = images.filter(image => (kind === "all" || image.kinds.includes(kind)) && (!label || image.label === +label));
    if (kind === "confident") chosen.sort((a, b) => b.error - a.error);
    const seen = every ? chosen.length : Math.min(FEW, chosen.length);
    list.replaceChildren(...chosen.slice(0, seen).map(item));
    more.hidden = seen === chosen.length;
    more.textContent = `Show all ${chosen.length}`;
    const counts = filters[kind].images;
    const whole = label ? counts[+label] : counts.reduce((sum, count) => sum + count, 0);
    const number = seen === whole ? seen : `${seen} of ${whole.toLocaleString("en")}`;
    const words = chosen.length ? `Shown: ${number}.` : "No test image.";
    part("gallery-count").textContent = `${filters[kind].about} ${words}`;
  };

  const show = position => {
    current = (position + chosen.length) % chosen.length;
    const image = chosen[current];
    part("gallery-name").textContent = image.name;
    dialog.querySelector("img").src = image.source;
    dialog.querySelector("img").alt = `The test image, whose class is ${classes[image.label]}`;
    part("gallery-since").textContent = `Class: ${classes[image.label]}. ${image.since}`;
    dialog.querySelector("tbody").replaceChildren(...networks.map((network, number) => {
      const { right, mark, answer } = verdict(image, number);
      const all = image.answers[number].map(([of, probability]) => `${classes[of]}\u00a0${percent(probability)}`).join(", ");
      return element("tr", {},
        element("th", { scope: "row" }, network),
        element("td", { className: right ? "right" : "wrong" }, `${answer} ${mark}`),
        element("td", {}, all));
    }));
  };

  form.addEventListener("change", () => { every = false; fill(); });
  form.addEventListener("submit", event => event.preventDefault());
  more.addEventListener("click", () => {
    every = true;
    fill();
    list.children[FEW].firstElementChild.focus();
  });
  dialog.addEventListener("click", event => {
    const button = event.target.closest("button");
    if (button && button.value) show(current + +button.value);
    else if (button || event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) show(current + step);
  });
  fill();

  // The first of them stand at the head of the page too.
  const strip = element("ul", { id: "gallery-strip" }, ...images.slice(0, FIRST).map(item));
  strip.addEventListener("click", () => {
    form.elements.kind.value = "all";
    byClass.value = "";
    fill();
  }, { capture: true });
  const head = document.querySelector("main > figure, main > .chapter");
  head.before(element("h2", { id: "gallery-head" }, "Test images, errors first"), strip);
}

// Two networks on a folder of pictures: how often each is right, and where they disagree.

import { decoded, Refusal } from "./pixels.js";

const MOST_SHOWN = 100; // of each list

/** The position of the class that a file's folder names, below the chosen one; null where none does. */
function classOf(file, classes) {
  const folders = file.webkitRelativePath.split("/").slice(1, -1).map((name) => name.toLowerCase());
  const position = classes.findIndex((name) => folders.includes(name.toLowerCase()));
  return position < 0 ? null : position;
}

/** In a random order, so that accuracies do not run through one class after the other. */
function shuffled(files) {
  const found = [...files];
  for (let last = found.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [found[last], found[other]] = [found[other], found[last]];
  }
  return found;
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/**
 * Let the first two networks of the page answer every picture of a folder, and show who is right.
 *
 * Where subfolders have the names of classes, accuracies are counted, and pictures of other subfolders are skipped.
 *
 * @param {File[]} files of a folder that was chosen
 * @param {object} tools of the page: `page`, its facts; `answerOf`, `pictureWith`, `element`, `byId`, `say`
 */
export async function compare(files, { page, answerOf, pictureWith, element, byId, say }) {
  const networks = page.networks.slice(0, 2);
  let pictures = files.filter((file) => file.type.startsWith("image/") && !file.name.startsWith("."));
  if (!pictures.length) {
    say("The folder holds no pictures.");
    return;
  }
  const labels = new Map(pictures.map((file) => [file, classOf(file, page.classes)]));
  const labelled = pictures.filter((file) => labels.get(file) !== null);
  const skipped = labelled.length ? pictures.length - labelled.length : 0;
  if (labelled.length) pictures = labelled;

  const tallies = networks.map(() => ({ right: 0, milliseconds: [] }));
  const counts = { answered: 0, disagree: 0, refused: 0 };
  let stopped = false;
  const stop = byId("stop");
  stop.onclick = () => { stopped = true; };
  stop.hidden = false;
  byId("duel").hidden = false;
  const folder = files[0].webkitRelativePath.split("/")[0];
  byId("duel-title").textContent = `${networks[0].name} against ${networks[1].name} on ${folder}`;
  say(`Comparing: 0 of ${pictures.length}`);
  for (const list of ["disagreements", "both-wrong"]) {
    byId(list).replaceChildren();
    byId(`${list}-title`).hidden = true;
  }

  const show = () => {
    const { answered, disagree, refused } = counts;
    const words = [`${answered} of ${pictures.length} pictures answered, of which they disagree on ${disagree}.`];
    if (refused) words.push(`${refused} cannot be decoded.`);
    if (skipped) words.push(`${skipped} lie in no subfolder with the name of a class, and are skipped.`);
    if (!labelled.length) {
      words.push(`No subfolder has the name of a class (${page.classes.join(", ")}), so who is right is not known.`);
    }
    byId("duel-words").textContent = words.join(" ");
    byId("duel-networks").replaceChildren(...networks.map((network, number) => {
      const { right, milliseconds } = tallies[number];
      const share = labelled.length && answered ? `${right} (${((100 * right) / answered).toFixed(1)} %)` : "\u2013";
      const time = milliseconds.length ? median(milliseconds).toFixed(1) : "\u2013";
      const cells = [network.name, share, time, (network.bytes / 1e6).toFixed(1)];
      return element("tr", "", ...cells.map((text) => element("td", "", text)));
    }));
  };

  const add = async (list, file, bitmap, given, label) => {
    byId(`${list}-title`).hidden = false;
    if (byId(list).children.length < MOST_SHOWN) {
      const name = file.webkitRelativePath.split("/").slice(1).join("/");
      byId(list).append(await pictureWith(name, bitmap, given, label));
    }
  };

  show();
  for (const file of shuffled(pictures)) {
    if (stopped) break;
    let bitmap;
    try {
      bitmap = await decoded(file);
      const given = new Map();
      for (const network of networks) given.set(network, await answerOf(network, bitmap));
      const label = labels.get(file);
      const answers = [...given.values()].map(({ probabilities }) => probabilities.indexOf(Math.max(...probabilities)));
      counts.answered += 1;
      [...given.values()].forEach(({ milliseconds }, number) => {
        tallies[number].milliseconds.push(milliseconds);
        tallies[number].right += answers[number] === label;
      });
      if (answers[0] !== answers[1]) {
        counts.disagree += 1;
        await add("disagreements", file, bitmap, given, label);
      } else if (label !== null && answers[0] !== label) {
        await add("both-wrong", file, bitmap, given, label);
      }
    } catch (error) {
      if (bitmap || !(error instanceof Refusal)) throw error; // it was decoded: a network cannot be loaded or run
      counts.refused += 1;
    } finally {
      bitmap?.close();
    }
    show();
    say(`Comparing: ${counts.answered} of ${pictures.length}`);
    await new Promise((resolve) => setTimeout(resolve)); // so that the page stays alive
  }
  stop.hidden = true;
  say("Ready.");
}

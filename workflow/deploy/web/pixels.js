// The pixels that a network takes of an image file, as decoding.py makes them: upright by EXIF, white where it is
// transparent, and resized to a square as Pillow does it, in every bit.

const LEAST_SIDE = 8;
const MAX_SIDE = 16384; // of a canvas
const MAX_PIXELS = 50_000_000;
const HEIF = { avif: "AVIF", avis: "AVIF", heic: "HEIC", heix: "HEIC", mif1: "HEIF", msf1: "HEIF" };
const STRIP = 64; // rows or columns of an image that are in a canvas at once
const BITS = 22; // of the fraction of a weight: 32, less 8 of a colour and 2 of its excess beyond 0 to 255

/** Why a file has no pixels, in a sentence for its user. */
export class Refusal extends Error {}

/**
 * Decode an image file.
 *
 * @param {Blob} file
 * @returns {Promise<ImageBitmap>}
 * @throws {Refusal} it is not an image that this browser decodes, or is too small or too large
 */
export async function decoded(file) {
  if (file.size === 0) throw new Refusal("The file is empty.");
  await checkSize(file);
  return createImageBitmap(file, {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  }).catch(async () => {
    throw new Refusal(await whyNot(file));
  });
}

/**
 * The pixels that a network takes of a decoded image, see `resized`.
 *
 * @param {ImageBitmap} bitmap
 * @param {{size: number, fit: string, resample: string}} pixels
 * @returns {Uint8Array}
 */
export function pixelsOf(bitmap, pixels) {
  let context;
  const read = (left, top, width, height) => {
    context ??= new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  };
  return resized(read, bitmap.width, bitmap.height, pixels);
}

/**
 * Resize an image to a square: each row is resampled, then each column of the result, or the columns first. A colour is
 * rounded to 8 bits after each of the two.
 *
 * @param {(left: number, top: number, width: number, height: number) => Uint8ClampedArray} read a part of the image,
 *   RGBA; none is wider or higher than the first one
 * @param {number} width
 * @param {number} height
 * @param {{size: number, fit: string, resample: string}} pixels size: side of the square; fit: squash, the whole image,
 *   or crop, its middle square; resample: nearest or antialias
 * @returns {Uint8Array} size * size * 3, rows of RGB
 */
export function resized(read, width, height, { size, fit, resample }) {
  const short = Math.min(width, height);
  const weights = { nearest, antialias }[resample];
  const made = (length) =>
    fit === "crop" ? weights(Math.floor((length - short) / 2), short, length, size) : weights(0, length, length, size);
  const columnsFirst = height > size && height - size > 2 * (width - size); // as Pillow 13 chooses
  const [first, second] = columnsFirst ? [made(height), made(width)] : [made(width), made(height)];
  const start = second[0].from;
  const end = second.at(-1).from + second.at(-1).weights.length;
  const between = new Uint8ClampedArray((end - start) * size * 3);
  for (let at = start; at < end; at += STRIP) {
    const count = Math.min(STRIP, end - at);
    const strip = columnsFirst ? read(at, 0, count, height) : read(0, at, width, count);
    const [step, next] = columnsFirst ? [count * 4, 4] : [4, width * 4];
    for (let line = 0; line < count; line++) {
      weigh(strip, line * next, step, first, between, (at - start + line) * size * 3, 3);
    }
  }
  const square = new Uint8ClampedArray(size * size * 3);
  const [step, next] = columnsFirst ? [3, size * 3] : [size * 3, 3];
  for (let line = 0; line < size; line++) {
    weigh(between, (line - start * size) * 3, size * 3, second, square, line * next, step);
  }
  return new Uint8Array(square.buffer);
}

/** Resample a line of colours, of three numbers each: `step` numbers lie from the first of a colour to the next one's. */
function weigh(source, start, step, places, target, at, stepOfTarget) {
  for (const { from, weights } of places) {
    let red = 1 << (BITS - 1); // a half
    let green = red;
    let blue = red;
    for (let number = 0, place = start + from * step; number < weights.length; number++, place += step) {
      red += source[place] * weights[number];
      green += source[place + 1] * weights[number];
      blue += source[place + 2] * weights[number];
    }
    target[at] = red >> BITS;
    target[at + 1] = green >> BITS;
    target[at + 2] = blue >> BITS;
    at += stepOfTarget;
  }
}

/**
 * What each place of a line of `size` is made of, in a longer or shorter line: the nearest place.
 *
 * The positions are added up, as Pillow does, so that rounding falls alike.
 *
 * @param {number} start of the part of the line that is resampled
 * @param {number} length of this part
 * @param {number} whole length of the line
 * @param {number} size
 * @returns {{from: number, weights: Int32Array}[]} the first place, and the weights from there on; 1 << BITS is 1
 */
function nearest(start, length, whole, size) {
  const step = length / size;
  const line = [];
  for (let position = start + step * 0.5; line.length < size; position += step) {
    line.push({ from: Math.floor(position), weights: Int32Array.of(1 << BITS) });
  }
  return line;
}

/** The same: all places within two steps, weighed by a cubic curve; beyond the part too, where the line goes on. */
function antialias(start, length, whole, size) {
  const step = length / size;
  const wide = Math.max(step, 1);
  return Array.from({ length: size }, (_, place) => {
    const centre = start + (place + 0.5) * step;
    const from = Math.max(Math.trunc(centre - 2 * wide + 0.5), 0);
    const to = Math.min(Math.trunc(centre + 2 * wide + 0.5), whole);
    const curve = Array.from({ length: to - from }, (_, number) => cubic((number + from - centre + 0.5) * (1 / wide)));
    const sum = curve.reduce((total, weight) => total + weight, 0);
    return { from, weights: Int32Array.from(curve, (weight) => rounded((weight / sum) * (1 << BITS))) };
  });
}

/** Keys 1981, doi 10.1109/TASSP.1981.1163711, with a = -1/2. */
function cubic(x) {
  const far = Math.abs(x);
  if (far < 1) return (1.5 * far - 2.5) * far * far + 1;
  if (far < 2) return (((far - 5) * far + 8) * far - 4) * -0.5;
  return 0;
}

/** A number without its fraction, a half away from 0. */
function rounded(number) {
  return Math.trunc(number < 0 ? number - 0.5 : number + 0.5);
}

/** Refuse an image by its width and height, which a browser reads before it decodes. */
async function checkSize(file) {
  const image = new Image();
  const url = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = url;
    });
  } catch {
    throw new Refusal(await whyNot(file));
  } finally {
    URL.revokeObjectURL(url);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  const size = `The image has ${width} x ${height} pixels`;
  if (Math.min(width, height) < LEAST_SIDE) throw new Refusal(`${size}, less than ${LEAST_SIDE} on a side.`);
  if (width * height > MAX_PIXELS || Math.max(width, height) > MAX_SIDE) {
    throw new Refusal(
      `${size}. At most ${MAX_PIXELS / 1e6} million, and ${MAX_SIDE} on a side, are decoded: make it smaller.`,
    );
  }
}

/** What a file is that the browser does not decode. */
async function whyNot(file) {
  const head = new Uint8Array(await file.slice(0, 64).arrayBuffer());
  const text = String.fromCharCode(...head);
  const kind = text.slice(4, 8) === "ftyp" ? HEIF[text.slice(8, 12)] : file.type === "image/svg+xml" ? "SVG" : "";
  if (kind) return `This browser does not decode ${kind}: convert the picture to JPEG or PNG.`;
  return "This is not a picture that the browser decodes: choose a JPEG, PNG, GIF, WebP or BMP file.";
}

// The pixels that a network takes of an image file, as decoding.py makes them: upright by EXIF, white where it is
// transparent, and resized by nearest neighbour without keeping the aspect ratio.

const LEAST_SIDE = 8;
const MAX_SIDE = 16384; // of a canvas
const MAX_PIXELS = 50_000_000;
const HEIF = { avif: "AVIF", avis: "AVIF", heic: "HEIC", heix: "HEIC", mif1: "HEIF", msf1: "HEIF" };

/** Why a file has no pixels, in a sentence for its user. */
export class Refusal extends Error {}

/**
 * Decode and resize an image file.
 *
 * @param {Blob} file
 * @param {number} side of the square that the network takes
 * @returns {Promise<Uint8Array>} side * side * 3, rows of RGB
 * @throws {Refusal} it is not an image that this browser decodes, or is too small or too large
 */
export async function pixelsOf(file, side) {
  if (file.size === 0) throw new Refusal("The file is empty.");
  await checkSize(file);
  const bitmap = await createImageBitmap(file, {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  }).catch(async () => {
    throw new Refusal(await whyNot(file));
  });
  try {
    return resized(bitmap, side);
  } finally {
    bitmap.close();
  }
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

/** One row of the source at a time, so that the canvas is no higher than the network's square. */
function resized(bitmap, side) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, side);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, side);
  nearest(height, side).forEach((row, to) => context.drawImage(bitmap, 0, row, width, 1, 0, to, width, 1));
  const { data } = context.getImageData(0, 0, width, side);
  const pixels = new Uint8Array(side * side * 3);
  const columns = nearest(width, side);
  for (let y = 0, at = 0; y < side; y++) {
    for (const column of columns) {
      const from = (y * width + column) * 4;
      pixels[at++] = data[from];
      pixels[at++] = data[from + 1];
      pixels[at++] = data[from + 2];
    }
  }
  return pixels;
}

/** Source positions of a nearest neighbour, added up as Pillow does, so that rounding falls alike. */
function nearest(length, side) {
  const step = length / side;
  const positions = [];
  for (let position = step * 0.5, count = 0; count < side; count++, position += step) {
    positions.push(Math.floor(position));
  }
  return positions;
}

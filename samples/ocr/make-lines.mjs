/**
 * Draws the sample's text lines: `data/lines/*.png` and their ground truth `truth.jsonl`, one picture per line of
 * `sentences.txt` (written for this project, free to use). Seeded: the same fonts and the same sharp give the same
 * pictures. They are committed, so this runs only when the set is changed:
 *
 *     node samples/ocr/make-lines.mjs [folder of fonts, default /usr/share/fonts]
 *
 * Fonts, all freely licensed, from the Debian packages fonts-dejavu-core, fonts-liberation2, fonts-freefont-ttf,
 * fonts-crosextra-carlito, fonts-crosextra-caladea, fonts-lato, fonts-roboto-unhinted and fonts-open-sans. The side
 * margins are a quarter of the letters' size: before wider ones the recogniser reads a space that is not there.
 */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const home = fileURLToPath(new URL(".", import.meta.url));
const fontFolder = process.argv[2] ?? "/usr/share/fonts";

/** Pango's name of each face and the file it is in. */
const faces = [
  ["DejaVu Sans", "DejaVuSans.ttf"],
  ["Liberation Serif", "LiberationSerif-Regular.ttf"],
  ["Lato", "Lato-Regular.ttf"],
  ["FreeSerif", "FreeSerif.ttf"],
  ["Carlito", "Carlito-Regular.ttf"],
  ["Roboto Medium", "Roboto-Medium.ttf"],
  ["Caladea", "Caladea-Regular.ttf"],
  ["Liberation Sans", "LiberationSans-Regular.ttf"],
  ["DejaVu Serif", "DejaVuSerif.ttf"],
  ["Open Sans", "OpenSans-Regular.ttf"],
  ["Liberation Sans Bold", "LiberationSans-Bold.ttf"],
  ["Liberation Serif Italic", "LiberationSerif-Italic.ttf"],
  ["Roboto", "Roboto-Regular.ttf"],
  ["FreeSans", "FreeSans.ttf"],
  ["DejaVu Sans Bold", "DejaVuSans-Bold.ttf"],
  ["Lato Italic", "Lato-Italic.ttf"],
];

/** Ink and paper: mostly dark on light, every fourth picture otherwise. */
const plain = [["#000000", "#ffffff"], ["#202020", "#f4f1e8"], ["#1a2b4c", "#ffffff"], ["#333333", "#e6e6e6"], ["#3b2a1a", "#fbf3df"]];
const lively = [["#ffffff", "#1f2933"], ["#ffffff", "#0b5394"], ["#f8f4d0", "#274e13"], ["#fff2cc", "#7f1d1d"], ["#10243e", "#9fc5e8"]];

/** Marsaglia's xorshift32: a number in 0..1 a call, the same series on every machine. */
function series(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

async function fontFiles() {
  const entries = await readdir(fontFolder, { recursive: true, withFileTypes: true });
  return new Map(entries.filter((entry) => entry.isFile()).map((entry) => [entry.name, join(entry.parentPath, entry.name)]));
}

function markup(text, colour) {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<span foreground="${colour}">${escaped}</span>`;
}

async function drawLine(text, look) {
  const drawn = { text: markup(text, look.ink), font: `${look.family} ${look.sizePx}`, fontfile: look.file, dpi: 72, rgba: true };
  const across = Math.round(look.sizePx * look.marginX);
  const above = Math.round(look.sizePx * look.marginY);
  return sharp({ text: drawn })
    .extend({ top: above, bottom: above, left: across, right: across, background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .flatten({ background: look.paper })
    .png({ palette: true, colours: 32, compressionLevel: 9, effort: 10 })
    .toBuffer();
}

async function main() {
  const files = await fontFiles();
  const missing = faces.filter(([, file]) => !files.has(file));
  if (missing.length > 0) throw new Error(`no ${missing.map(([, file]) => file).join(", ")} below ${fontFolder}`);
  const sentences = (await readFile(join(home, "sentences.txt"), "utf8")).trimEnd().split("\n");
  const folder = join(home, "data", "lines");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const random = series(20_240_607);
  const truth = [];
  for (const [index, text] of sentences.entries()) {
    const [family, file] = faces[index % faces.length];
    const palette = (index + Math.floor(index / faces.length)) % 4 === 3 ? lively : plain;
    const [ink, paper] = palette[Math.floor(random() * palette.length)];
    const sizePx = 22 + Math.floor(random() * 21);
    const look = { family, file: files.get(file), ink, paper, sizePx, marginX: 0.2 + random() * 0.1, marginY: 0.18 + random() * 0.15 };
    const path = `data/lines/line-${String(index + 1).padStart(2, "0")}.png`;
    await writeFile(join(home, path), await drawLine(text, look));
    truth.push(JSON.stringify({ path, text }));
  }
  await writeFile(join(home, "truth.jsonl"), `${truth.join("\n")}\n`);
}

await main();

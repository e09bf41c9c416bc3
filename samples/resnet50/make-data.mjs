/**
 * Draws the sample's pictures and writes them as `data/photos.parquet` (columns `id`: string, `jpeg`: binary). Seeded:
 * the same sharp gives the same file. The pictures are drawn, not photographed, so that they are ours to give away;
 * their sizes, both orientations, a grey one and one that EXIF turns upright are what photographs would bring.
 *
 *     node samples/resnet50/make-data.mjs
 */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parquetWriteFile } from "hyparquet-writer";
import sharp from "sharp";

const folder = fileURLToPath(new URL("data", import.meta.url));

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

const random = series(50_050_050);
const between = (low, high) => Math.round(low + random() * (high - low));
const colour = (hue, light) => `hsl(${Math.round(hue) % 360}, ${between(35, 90)}%, ${light}%)`;
const times = (count, draw) => Array.from({ length: count }, (_, index) => draw(index)).join("");

/** Each drawing fills a canvas of `width` by `height` pixels with SVG shapes. */
const drawings = {
  hills(width, height) {
    const sun = `<circle cx="${between(40, width - 40)}" cy="${between(30, height / 3)}" r="${between(15, 35)}" fill="${colour(45, 70)}"/>`;
    const hill = (index) => {
      const top = height * (0.4 + index * 0.15);
      const bend = between(-60, 60);
      return `<path d="M0 ${top} C${width / 3} ${top + bend} ${(2 * width) / 3} ${top - bend} ${width} ${top} V${height} H0Z" fill="${colour(90 + index * 15, 55 - index * 9)}"/>`;
    };
    return `<rect width="100%" height="100%" fill="${colour(205, 78)}"/>${sun}${times(4, hill)}`;
  },
  bubbles(width, height) {
    const bubble = () => `<circle cx="${between(0, width)}" cy="${between(0, height)}" r="${between(6, 45)}" fill="${colour(random() * 360, between(35, 75))}" fill-opacity="0.7"/>`;
    return `<rect width="100%" height="100%" fill="${colour(230, 18)}"/>${times(45, bubble)}`;
  },
  town(width, height) {
    const house = (index) => {
      const wide = width / 7;
      const tall = between(height * 0.25, height * 0.8);
      const left = index * wide;
      const panes = times(8, (pane) => `<rect x="${left + 8 + (pane % 2) * 16}" y="${height - tall + 12 + Math.floor(pane / 2) * 22}" width="9" height="12" fill="${random() < 0.5 ? "#ffe9a3" : "#2b2f3a"}"/>`);
      return `<rect x="${left}" y="${height - tall}" width="${wide - 2}" height="${tall}" fill="${colour(random() * 60, between(25, 50))}"/>${panes}`;
    };
    return `<rect width="100%" height="100%" fill="${colour(220, 30)}"/>${times(7, house)}`;
  },
  flower(width, height) {
    const petals = between(6, 13);
    const hue = random() * 360;
    const size = Math.min(width, height) / 3.2;
    const petal = (index) => `<ellipse cx="0" cy="${-size * 0.7}" rx="${size * 0.28}" ry="${size * 0.62}" transform="rotate(${(360 / petals) * index})" fill="${colour(hue, 62)}"/>`;
    return `<rect width="100%" height="100%" fill="${colour(120, 30)}"/><g transform="translate(${width / 2} ${height / 2})">${times(petals, petal)}<circle r="${size * 0.3}" fill="${colour(48, 50)}"/></g>`;
  },
  weave(width, height) {
    const band = (index) => `<path d="M${index * 24 - height} 0 l${height} ${height}" stroke="${colour(index * 29, 55)}" stroke-width="11" stroke-opacity="0.8"/>`;
    const cross = (index) => `<path d="M${index * 24} 0 l${-height} ${height}" stroke="${colour(180 + index * 17, 45)}" stroke-width="6" stroke-opacity="0.8"/>`;
    const count = Math.ceil((width + height) / 24);
    return `<rect width="100%" height="100%" fill="#f3ead7"/>${times(count, band)}${times(count, cross)}`;
  },
};

/** Sensor noise over a drawing, so that no two neighbouring pixels need be equal. */
async function grain(width, height) {
  const pixels = Buffer.alloc(width * height * 4);
  for (let index = 0; index < pixels.length; index += 4) {
    pixels.fill(between(0, 255), index, index + 3);
    pixels[index + 3] = 12;
  }
  return sharp(pixels, { raw: { width, height, channels: 4 } }).png().toBuffer();
}

async function photo(index) {
  const names = Object.keys(drawings);
  const name = names[index % names.length];
  const [width, height] = [[320, 240], [240, 320], [300, 225], [256, 256], [352, 231]][between(0, 4)];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawings[name](width, height)}</svg>`;
  const drawn = await sharp(Buffer.from(svg)).flatten().composite([{ input: await grain(width, height) }]).png().toBuffer();
  let picture = sharp(drawn);
  if (index === 7) picture = picture.greyscale().toColourspace("b-w");
  if (index === 10) picture = picture.rotate(-90).withMetadata({ orientation: 6 });
  const jpeg = await picture.jpeg({ quality: 70, chromaSubsampling: index % 3 === 0 ? "4:4:4" : "4:2:0" }).toBuffer();
  return { id: `${name}-${String(index + 1).padStart(2, "0")}`, jpeg: new Uint8Array(jpeg) };
}

async function main() {
  await mkdir(folder, { recursive: true });
  const rows = [];
  for (let index = 0; index < 24; index += 1) rows.push(await photo(index));
  await parquetWriteFile({
    filename: `${folder}/photos.parquet`,
    columnData: [
      { name: "id", data: rows.map((row) => row.id), type: "STRING", nullable: false },
      { name: "jpeg", data: rows.map((row) => row.jpeg), type: "BYTE_ARRAY", nullable: false },
    ],
    rowGroupSize: 10,
  });
}

await main();

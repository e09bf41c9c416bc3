/** One of several processes that prepare the same pictures at the same time; each round begins at the parent's word. */
import { preparePicture, readImages, timeItems } from "./prepare-picture.ts";

const [folder = "", rows = "96"] = process.argv.slice(2);
const images = await readImages(folder, Number(rows));
await timeItems(images, 2, preparePicture);
process.on("message", () => void timeItems(images, 2, preparePicture).then(({ wall }) => process.send?.(wall)));
process.on("disconnect", () => process.exit());
process.send?.("ready");

/** Reads a UTF-8 text file's lines, without their ends. A last line end does not start another line. */
import { readFile } from "node:fs/promises";
import { describeFileError } from "../../support/file-error.ts";

export async function lines(args: { readonly path: string }): Promise<readonly string[]> {
  const bytes = await readFile(args.path).catch((error: unknown) => {
    throw describeFileError(error, args.path);
  });
  const text = new TextDecoder("utf-8").decode(bytes);
  const found = text.split(/\r?\n/);
  if (found.at(-1) === "") found.pop();
  return found;
}

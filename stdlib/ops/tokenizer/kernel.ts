/**
 * Loads a tokenizer for `tokenize` and `chunk_tokens`. A `.json` file is a Hugging Face tokenizer.json; anything
 * else is a BERT WordPiece vocabulary, one token a line, uncased.
 */
import { readFile } from "node:fs/promises";
import { JobError } from "../../../runtime/contract/kernel.ts";
import { describeFileError } from "../../support/file-error.ts";
import { bertTokenizerJson } from "./bert-tokenizer-json.ts";
import { loadTokenizer } from "./loaded-tokenizer.ts";
import type { LoadedTokenizer } from "./loaded-tokenizer.ts";

export async function tokenizer(args: { readonly path: string }): Promise<LoadedTokenizer> {
  const text = await readFile(args.path, "utf8").catch((error: unknown) => {
    throw describeFileError(error, args.path);
  });
  try {
    return loadTokenizer(args.path.endsWith(".json") ? text : bertTokenizerJson(text));
  } catch (error) {
    throw new JobError("R0141", `${args.path} is not a tokenizer that can be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}

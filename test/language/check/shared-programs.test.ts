/**
 * The eight shared programs: with stand-ins for their model files they check clean, save for operators that the
 * standard library does not have, which are complained of by name; without the files, only those are missed.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { describeWithShared, sharedPath } from "../../support/shared.ts";
import { checkFiles } from "../../support/stand-ins.ts";
import { sharedPrograms } from "../../support/syntax.ts";

const text = (inputs: string, output: string): string => `${inputs.split(", ").map((name) => `input ${name}: i64[batch, seq]\n`).join("")}output ${output}\n`;

/** The ports each program's models would have. */
const models: Readonly<Record<string, string>> = {
  "models/ch_PP-OCRv4_rec_infer.onnx": "input x: f32[batch, 3, 48, width]\noutput softmax_11.tmp_0: f32[batch, steps, 6625]\n",
  "models/vit.onnx": "input pixel_values: f32[batch, 3, 224, 224]\noutput pooler_output: f32[batch, 768]\n",
  "models/albert.onnx": text("input_ids, attention_mask, token_type_ids", "pooler_output: f32[batch, 768]"),
  "models/yolov8n.onnx": "input images: f32[batch, 3, 640, 640]\noutput output0: f32[batch, 84, 8400]\n",
  "models/e5.onnx": text("input_ids, attention_mask", "last_hidden_state: f32[batch, seq, 384]"),
  "models/encoder.onnx": "input input_features: f32[batch, 80, 3000]\noutput last_hidden_state: f32[batch, 1500, 384]\n",
  "models/silero_vad.onnx": "input input: f32[batch, 512]\ninput state: f32[2, batch, 128]\ninput sr: i64[]\noutput output: f32[batch, 1]\noutput stateN: f32[2, batch, 128]\n",
  "models/spam.onnx": text("ids, mask", "logits: f32[batch, 2]"),
  "models/tone.onnx": text("ids, mask", "logits: f32[batch, 5]"),
  "models/gbm.onnx": "input age: f32[?, 1]\ninput fare: f32[?, 1]\ninput pclass: i64[?, 1]\ninput sex: string[?, 1]\noutput label: i64[?]\noutput probabilities: f32[?, 2]\n",
};

/** Operators of the programs that pipec does not have; take one out when it is written. */
const missing: Readonly<Record<string, readonly string[]>> = { "5-audio.pipe": ["decode_audio", "resample", "frames", "log_mel"] };

describeWithShared("the shared programs", "programs", () => {
  test.each(sharedPrograms().map(({ name }) => name))("%s", (name) => {
    const main = createSourceFile(name, readFileSync(sharedPath("programs", name), "utf8"));
    const found = checkFiles([main, ...Object.entries(models).map(([path, ports]) => createSourceFile(path, ports))]).all;
    const operators = missing[name] ?? [];
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual(operators.map((operator) => `P0202 pipec has no operator \`${operator}\``));
    const without = checkFiles([main]).all.filter(({ code }) => code !== "P0501");
    expect(without.map(({ message }) => message)).toEqual(found.map(({ message }) => message));
  });
});

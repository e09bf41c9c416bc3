/** Stand-ins for the model files of the programs in `../shared/programs`. */

const text = (inputs: string, output: string): string => `${inputs.split(", ").map((name) => `input ${name}: i64[batch, seq]\n`).join("")}output ${output}\n`;

/** The ports each model of the shared programs would have, for `checkFiles`. */
export const sharedProgramModels: Readonly<Record<string, string>> = {
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

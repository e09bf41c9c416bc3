/** Everything the standard library offers. Written by scripts/write-registry.mjs; do not edit. */
import type { OperatorDescriptor, SinkDescriptor, SourceDescriptor } from "../language/catalog/catalog.ts";
import { descriptor as argmax } from "./ops/argmax/descriptor.ts";
import { descriptor as centerCrop } from "./ops/center_crop/descriptor.ts";
import { descriptor as chunkTokens } from "./ops/chunk_tokens/descriptor.ts";
import { descriptor as count } from "./ops/count/descriptor.ts";
import { descriptor as crop } from "./ops/crop/descriptor.ts";
import { descriptor as ctcDecode } from "./ops/ctc_decode/descriptor.ts";
import { descriptor as decodeImage } from "./ops/decode_image/descriptor.ts";
import { descriptor as dedupe } from "./ops/dedupe/descriptor.ts";
import { descriptor as explode } from "./ops/explode/descriptor.ts";
import { descriptor as filter } from "./ops/filter/descriptor.ts";
import { descriptor as implode } from "./ops/implode/descriptor.ts";
import { descriptor as l2Normalize } from "./ops/l2_normalize/descriptor.ts";
import { descriptor as letterbox } from "./ops/letterbox/descriptor.ts";
import { descriptor as limit } from "./ops/limit/descriptor.ts";
import { descriptor as lines } from "./ops/lines/descriptor.ts";
import { descriptor as lower } from "./ops/lower/descriptor.ts";
import { descriptor as max } from "./ops/max/descriptor.ts";
import { descriptor as mean } from "./ops/mean/descriptor.ts";
import { descriptor as meanPool } from "./ops/mean_pool/descriptor.ts";
import { descriptor as min } from "./ops/min/descriptor.ts";
import { descriptor as nms } from "./ops/nms/descriptor.ts";
import { descriptor as normalize } from "./ops/normalize/descriptor.ts";
import { descriptor as pad } from "./ops/pad/descriptor.ts";
import { descriptor as phash } from "./ops/phash/descriptor.ts";
import { descriptor as resize } from "./ops/resize/descriptor.ts";
import { descriptor as sample } from "./ops/sample/descriptor.ts";
import { descriptor as sigmoid } from "./ops/sigmoid/descriptor.ts";
import { descriptor as slice } from "./ops/slice/descriptor.ts";
import { descriptor as softmax } from "./ops/softmax/descriptor.ts";
import { descriptor as sum } from "./ops/sum/descriptor.ts";
import { descriptor as table } from "./ops/table/descriptor.ts";
import { descriptor as toTensor } from "./ops/to_tensor/descriptor.ts";
import { descriptor as tokenize } from "./ops/tokenize/descriptor.ts";
import { descriptor as tokenizer } from "./ops/tokenizer/descriptor.ts";
import { descriptor as topK } from "./ops/top_k/descriptor.ts";
import { descriptor as transpose } from "./ops/transpose/descriptor.ts";
import { descriptor as truncate } from "./ops/truncate/descriptor.ts";
import { descriptor as unletterbox } from "./ops/unletterbox/descriptor.ts";
import { descriptor as zip } from "./ops/zip/descriptor.ts";
import { descriptor as csvSource } from "./sources/csv/descriptor.ts";
import { descriptor as filesSource } from "./sources/files/descriptor.ts";
import { descriptor as imagesSource } from "./sources/images/descriptor.ts";
import { descriptor as jsonlSource } from "./sources/jsonl/descriptor.ts";
import { descriptor as parquetSource } from "./sources/parquet/descriptor.ts";
import { descriptor as consoleSink } from "./sinks/console/descriptor.ts";
import { descriptor as csvSink } from "./sinks/csv/descriptor.ts";
import { descriptor as jsonlSink } from "./sinks/jsonl/descriptor.ts";
import { descriptor as parquetSink } from "./sinks/parquet/descriptor.ts";

export const operators: readonly OperatorDescriptor[] = [
  argmax,
  centerCrop,
  chunkTokens,
  count,
  crop,
  ctcDecode,
  decodeImage,
  dedupe,
  explode,
  filter,
  implode,
  l2Normalize,
  letterbox,
  limit,
  lines,
  lower,
  max,
  mean,
  meanPool,
  min,
  nms,
  normalize,
  pad,
  phash,
  resize,
  sample,
  sigmoid,
  slice,
  softmax,
  sum,
  table,
  toTensor,
  tokenize,
  tokenizer,
  topK,
  transpose,
  truncate,
  unletterbox,
  zip,
];

export const sources: readonly SourceDescriptor[] = [
  csvSource,
  filesSource,
  imagesSource,
  jsonlSource,
  parquetSource,
];

export const sinks: readonly SinkDescriptor[] = [
  consoleSink,
  csvSink,
  jsonlSink,
  parquetSink,
];

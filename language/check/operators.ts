/** The catalogue's signature texts as signatures; parsed once per descriptor, whatever the number of programs. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { OperatorDescriptor, SinkDescriptor, SourceDescriptor } from "../catalog/catalog.ts";
import { parseSignature } from "../syntax/parse.ts";
import type { CheckContext } from "./context.ts";
import { readSignature } from "./read-signature.ts";
import type { Signature } from "./signature.ts";

/** All signatures of an operator. */
export function signaturesOf(cx: CheckContext, operator: OperatorDescriptor): readonly Signature[] {
  return memoized(operator.signatures, () => operator.signatures.map((text) => catalogSignature(cx, `operator \`${operator.name}\``, text, operator.defaults)));
}

/** The signatures of an operator as an aggregate of `implode`. */
export function aggregatesOf(cx: CheckContext, operator: OperatorDescriptor): readonly Signature[] {
  const texts = operator.aggregates;
  if (texts === undefined) return [];
  return memoized(texts, () => texts.map((text) => catalogSignature(cx, `aggregate \`${operator.name}\``, text, operator.defaults)));
}

/** The parameters of a source or sink; its result is not read. */
export function endpointSignature(cx: CheckContext, kind: "source" | "sink", endpoint: SourceDescriptor | SinkDescriptor): Signature | undefined {
  const { name, signature: text, defaults } = endpoint;
  const withoutResult = `${text.slice(0, text.lastIndexOf("->"))}-> int`;
  return memoized(endpoint, () => [catalogSignature(cx, `${kind} \`${name}\``, withoutResult, defaults)])[0];
}

const parsed = new WeakMap<object, readonly Signature[]>();

function memoized(key: object, make: () => readonly Signature[]): readonly Signature[] {
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const made = make();
  parsed.set(key, made);
  return made;
}

function catalogSignature(cx: CheckContext, title: string, text: string, defaults: Readonly<Record<string, ConstantValue>> | undefined): Signature {
  const read = parseSignature(text.slice(text.indexOf("(")), text);
  const [problem] = read.diagnostics;
  if (problem !== undefined) throw new Error(`the catalogue's signature "${text}" does not parse: ${problem.message}`);
  return readSignature({ cx, module: undefined, title, signature: read.signature, where: read.where, batch: false, text, ...(defaults === undefined ? {} : { defaults }) });
}

/** The catalogue's signature texts as signatures; parsed once per program. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { OperatorDescriptor } from "../catalog/catalog.ts";
import { parseSignature } from "../syntax/parse.ts";
import type { CheckContext } from "./context.ts";
import { readSignature } from "./read-signature.ts";
import type { Signature } from "./signature.ts";

/** All signatures of an operator. */
export function signaturesOf(cx: CheckContext, operator: OperatorDescriptor): readonly Signature[] {
  return memoized(cx, `operator ${operator.name}`, () => operator.signatures.map((text) => catalogSignature(cx, `operator \`${operator.name}\``, text, operator.defaults)));
}

/** The signatures of an operator as an aggregate of `implode`. */
export function aggregatesOf(cx: CheckContext, operator: OperatorDescriptor): readonly Signature[] {
  const texts = operator.aggregates ?? [];
  return memoized(cx, `aggregate ${operator.name}`, () => texts.map((text) => catalogSignature(cx, `aggregate \`${operator.name}\``, text, operator.defaults)));
}

/** The parameters of a source or sink; its result is not read. */
export function endpointSignature(cx: CheckContext, kind: "source" | "sink", name: string, text: string, defaults?: Readonly<Record<string, ConstantValue>>): Signature | undefined {
  const withoutResult = `${text.slice(0, text.lastIndexOf("->"))}-> int`;
  return memoized(cx, `${kind} ${name}`, () => [catalogSignature(cx, `${kind} \`${name}\``, withoutResult, defaults)])[0];
}

function memoized(cx: CheckContext, key: string, make: () => readonly Signature[]): readonly Signature[] {
  const known = cx.operatorSignatures.get(key);
  if (known !== undefined) return known;
  const made = make();
  cx.operatorSignatures.set(key, made);
  return made;
}

function catalogSignature(cx: CheckContext, title: string, text: string, defaults: Readonly<Record<string, ConstantValue>> | undefined): Signature {
  const parsed = parseSignature(text.slice(text.indexOf("(")), text);
  const [problem] = parsed.diagnostics;
  if (problem !== undefined) throw new Error(`the catalogue's signature "${text}" does not parse: ${problem.message}`);
  return readSignature({ cx, module: undefined, title, signature: parsed.signature, where: parsed.where, batch: false, text, ...(defaults === undefined ? {} : { defaults }) });
}

/** Arguments of the row operators, whose typing is the checker's own: by place, then by name. */
import { typeCodes } from "../diagnostics/codes/types.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Argument, CallExpr } from "../syntax/ast.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";

/** The arguments by parameter name; unknown, surplus, repeated and missing ones are reported. */
export function takeArguments(cx: CheckContext, step: CallExpr, names: readonly string[], optional: readonly string[]): ReadonlyMap<string, Argument> {
  const taken = new Map<string, Argument>();
  const title = `\`${step.callee.name}\``;
  const reason = `${title} takes ${names.map((name) => `\`${name}\``).join(", ")}`;
  let place = 0;
  for (const arg of step.args) {
    const name = arg.name === undefined ? names[place++] : arg.name.name;
    if (name === undefined) {
      complain(cx, typeCodes.tooManyArguments, { callee: title, count: names.length }, { at: arg.span, reason });
      continue;
    }
    if (!names.includes(name)) {
      const near = suggest(name, names);
      const span = arg.name?.span ?? arg.span;
      complain(cx, typeCodes.unknownArgument, { callee: title, name }, {
        at: span, reason, ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
      });
      continue;
    }
    const earlier = taken.get(name);
    if (earlier === undefined) taken.set(name, arg);
    else complain(cx, typeCodes.argumentTwice, { name }, { at: arg.span, others: [{ span: earlier.span, text: "given here already" }] });
  }
  const missing = names.filter((name) => !taken.has(name) && !optional.includes(name));
  if (missing.length > 0) complain(cx, typeCodes.missingArgument, { callee: title, names: missing.map((name) => `\`${name}\``).join(", ") }, { at: step.span, reason });
  return taken;
}

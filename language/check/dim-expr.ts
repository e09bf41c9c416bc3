/** Dimensions as written: arithmetic over names, `floor(a/c)`, `ceil(a/c)`, `max(a, b)`, to the normal form. */
import { dimCodes } from "../diagnostics/codes/dims.ts";
import type { Span } from "../source/span.ts";
import type { CallExpr, Expr as AstExpr } from "../syntax/ast.ts";
import { addDims, ceilDivDim, constantOf, dimOf, floorDivDim, maxDims, minDims, mulDims, subDims } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";

/** What a name in a dimension means; undefined where that was reported. */
export type LookupDim = (name: string, span: Span) => Dim | undefined;

/** The dimension an expression states, or undefined where it states none (reported). */
export function readDim(cx: CheckContext, ast: AstExpr, lookup: LookupDim): Dim | undefined {
  switch (ast.kind) {
    case "missing":
      return undefined;
    case "number":
      if (ast.isInteger) return dimOf(BigInt(ast.text));
      return refuse(cx, ast.span, "a dimension is an integer");
    case "name":
      return ast.name === "" ? undefined : lookup(ast.name, ast.span);
    case "unary": {
      const operand = ast.op === "-" ? readDim(cx, ast.operand, lookup) : refuse(cx, ast.span, "`not` makes no number");
      return operand && subDims(dimOf(0), operand);
    }
    case "binary":
      return readBinary(cx, ast.op, ast.left, ast.right, ast.span, lookup);
    case "call":
      return readCall(cx, ast, lookup);
    default:
      return refuse(cx, ast.span, "a dimension is made of integers, names, `+`, `-`, `*`, `floor(a / c)`, `ceil(a / c)` and `max(a, b)`");
  }
}

function readBinary(cx: CheckContext, op: string, leftAst: AstExpr, rightAst: AstExpr, span: Span, lookup: LookupDim): Dim | undefined {
  if (op === "/") return refuse(cx, span, "a division must say how it rounds: write `floor(a / c)` or `ceil(a / c)`");
  if (op !== "+" && op !== "-" && op !== "*") return refuse(cx, span, `\`${op}\` makes no dimension`);
  const left = readDim(cx, leftAst, lookup);
  const right = readDim(cx, rightAst, lookup);
  if (left === undefined || right === undefined) return undefined;
  return op === "+" ? addDims(left, right) : op === "-" ? subDims(left, right) : mulDims(left, right);
}

function readCall(cx: CheckContext, ast: CallExpr, lookup: LookupDim): Dim | undefined {
  const name = ast.callee.name;
  const args = ast.args.map((arg) => arg.value);
  const [first] = args;
  if (name === "max" || name === "min") {
    const [head, ...rest] = args.map((arg) => readDim(cx, arg, lookup));
    if (head === undefined || rest.some((dim) => dim === undefined)) return undefined;
    const others = rest.filter((dim) => dim !== undefined);
    return name === "max" ? maxDims(head, ...others) : minDims(head, ...others);
  }
  if (name !== "floor" && name !== "ceil") return refuse(cx, ast.span, `\`${name}\` makes no dimension; there are \`floor\`, \`ceil\` and \`max\``);
  if (first === undefined || args.length !== 1 || first.kind !== "binary" || first.op !== "/") {
    return refuse(cx, ast.span, `\`${name}\` takes one division by a constant: \`${name}(a / 8)\``);
  }
  const dividend = readDim(cx, first.left, lookup);
  const divisorDim = readDim(cx, first.right, lookup);
  if (dividend === undefined || divisorDim === undefined) return undefined;
  const divisor = constantOf(divisorDim);
  if (divisor === undefined || divisor <= 0n) return refuse(cx, first.right.span, "the divisor must be a positive constant");
  return name === "floor" ? floorDivDim(dividend, divisor) : ceilDivDim(dividend, divisor);
}

function refuse(cx: CheckContext, span: Span, reason: string): undefined {
  complain(cx, dimCodes.badDimension, {}, { at: span, reason });
  return undefined;
}

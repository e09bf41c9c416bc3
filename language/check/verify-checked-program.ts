/** Holds the checker to its promise: a program without errors has no unknown types left. Throws on our own mistakes. */
import type { ValueType } from "../catalog/value-type.ts";
import type { CheckedProgram, Expr, Stream } from "./checked-program.ts";
import { hasError } from "./pattern.ts";
import { printExpr } from "./print-expr.ts";
import { visitEntries, visitExpr } from "./visit.ts";

export function verifyCheckedProgram(program: CheckedProgram): void {
  for (const param of program.params) verifyType(param.type, `param \`${param.name}\``);
  for (const extern of program.externs) for (const type of [extern.result, ...extern.parameters.map((one) => one.type)]) verifyType(type, `extern \`${extern.name}\``);
  for (const constant of program.constants) {
    verifyType(constant.type, `constant \`${constant.name}\``);
    if (constant.kind === "resource") verifyExpr(constant.value);
    if (constant.kind === "table") for (const step of constant.steps) verifyStream(step);
  }
  for (const fn of program.functions) {
    for (const type of [fn.result, ...fn.parameters.map((one) => one.type)]) verifyType(type, `function \`${fn.name}\``);
    for (const one of fn.lets) verifyExpr(one.value);
    verifyExpr(fn.body);
  }
  for (const pipeline of program.pipelines) {
    for (const stream of pipeline.streams) verifyStream(stream);
    for (const write of pipeline.writes) for (const arg of Object.values(write.args)) verifyExpr(arg);
  }
  for (const test of program.tests) {
    for (const given of test.givens) verifyExpr(given.rows);
    for (const expect of test.expects) verifyExpr(expect.value);
  }
}

function verifyType(type: ValueType, what: string): void {
  if (hasError(type)) throw new Error(`the checker left ${what} without a type`);
}

function verifyStream(stream: Stream): void {
  for (const field of stream.row.fields) {
    verifyType(field.type, `field \`${field.name}\` of stream ${stream.id}`);
  }
  for (const input of "inputs" in stream ? stream.inputs : "input" in stream ? [stream.input] : []) {
    if (input < 0 || input >= stream.id) throw new Error(`stream ${stream.id} stands before its input ${input}`);
  }
  switch (stream.kind) {
    case "read": for (const arg of Object.values(stream.read.args)) verifyExpr(arg); return;
    case "map": visitEntries(stream.record, verifyOne); return;
    case "filter": verifyExpr(stream.predicate); return;
    case "explode": for (const field of stream.fields) verifyExpr(field.value); return;
    case "implode": for (const one of stream.aggregates) if (one.of !== undefined) verifyExpr(one.of); return;
    case "dedupe": verifyExpr(stream.key); return;
    case "limit": verifyExpr(stream.rows); return;
    case "sample": verifyExpr(stream.fraction); verifyExpr(stream.seed); return;
    case "zip":
      if (stream.inputs.length === 0) throw new Error(`stream ${stream.id} stands for a mistake that nobody reported`);
      return;
  }
}

function verifyExpr(expr: Expr): void {
  visitExpr(expr, verifyOne);
}

function verifyOne(part: Expr): void {
  if (hasError(part.type)) throw new Error(`the checker left an expression without a type: ${printExpr(part)}`);
}

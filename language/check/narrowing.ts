/** What a condition shows not to be null: `.x != null` in `if`, on the right of `and`, and after `filter`. */
import type { RecordType, ValueType } from "../catalog/value-type.ts";
import type { Expr as AstExpr } from "../syntax/ast.ts";
import { withoutOptional } from "./pattern.ts";

/** The paths that are not null where `condition` came out as `outcome`. */
export function pathsNotNull(condition: AstExpr, outcome: boolean): readonly string[] {
  switch (condition.kind) {
    case "unary":
      return condition.op === "not" ? pathsNotNull(condition.operand, !outcome) : [];
    case "binary": {
      const { op, left, right } = condition;
      if (op === "and" || op === "or") {
        // Both sides are known only where one outcome is possible: true of `and`, false of `or`.
        return (op === "and") === outcome ? [...pathsNotNull(left, outcome), ...pathsNotNull(right, outcome)] : [];
      }
      if (op !== (outcome ? "!=" : "==")) return [];
      const tested = right.kind === "null" ? left : left.kind === "null" ? right : undefined;
      const path = tested === undefined ? undefined : pathOf(tested);
      return path === undefined ? [] : [path];
    }
    default:
      return [];
  }
}

/** `.x`, `.x.y`, `v`, `v.y`: expressions that mean the same value wherever they stand. */
export function pathOf(ast: AstExpr): string | undefined {
  switch (ast.kind) {
    case "rowField": return `.${ast.field.name}`;
    case "name": return ast.name;
    case "member": {
      const object = pathOf(ast.object);
      return object === undefined ? undefined : `${object}.${ast.field.name}`;
    }
    default: return undefined;
  }
}

/** A row type in which the fields at `paths` have lost their `?`. */
export function narrowRow(row: RecordType, paths: readonly string[]): RecordType {
  const fields = row.fields.map((field) => {
    const own = paths.filter((path) => path === `.${field.name}` || path.startsWith(`.${field.name}.`)).map((path) => path.slice(field.name.length + 1));
    return own.length === 0 ? field : { ...field, type: narrowType(field.type, own) };
  });
  return { ...row, fields };
}

function narrowType(type: ValueType, paths: readonly string[]): ValueType {
  const inner = paths.includes("") ? withoutOptional(type) : type;
  const deeper = paths.filter((path) => path !== "");
  return inner.kind === "record" && deeper.length > 0 ? narrowRow(inner, deeper) : inner;
}

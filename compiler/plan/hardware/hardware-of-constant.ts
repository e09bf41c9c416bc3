/** The hardware that a program's `hardware:` setting stands for: presets, counted and added up. */
import type { ConstantValue } from "../../../language/catalog/constant-value.ts";
import type { Hardware, NodeGroup } from "../../../stdlib/hw/hardware.ts";
import { findNodeType } from "../../../stdlib/hw/presets.ts";

/** The value as the checker folds it; anything else is our own bug, as the checker has seen to its type. */
export function hardwareOfConstant(value: ConstantValue): Hardware {
  const groups = groupsOf(value);
  // `a + a` is two machines of one kind, not two kinds.
  const merged = new Map<string, NodeGroup>();
  for (const { count, node } of groups) {
    if (count > 0) merged.set(node.name, { count: count + (merged.get(node.name)?.count ?? 0), node });
  }
  return { nodes: [...merged.values()] };
}

function groupsOf(value: ConstantValue): readonly NodeGroup[] {
  if (value.kind !== "call" || value.name !== "hardware") throw new Error(`hardware was expected, not a constant of kind ${value.kind}`);
  const { preset, nodes } = value.args;
  if (preset?.kind === "string") {
    const node = findNodeType(preset.value);
    if (node === undefined) throw new Error(`there is no preset ${preset.value}`);
    return [{ count: 1, node }];
  }
  if (nodes?.kind !== "list") throw new Error("hardware is neither a preset nor a list of nodes");
  return nodes.items.flatMap((item) => {
    const { count, node } = item.kind === "record" ? item.fields : {};
    if (count?.kind !== "int" || node === undefined) throw new Error("a node group has no count or no node");
    return groupsOf(node).map((group) => ({ count: group.count * Number(count.value), node: group.node }));
  });
}

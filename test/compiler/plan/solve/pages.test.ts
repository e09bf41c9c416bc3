/** The pages of the cost graph's diagnostics give what they show: each `json` block is solved, an `error` block follows. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { plannerCodes } from "../../../../language/diagnostics/codes/planner.ts";
import { runSolve } from "../../../../compiler/cli/commands/solve.ts";
import { fencedBlocks, updateGoldens, updateHint } from "../../../support/literate.ts";
import { inTemporaryFile } from "./temporary-file.ts";

const shown = [
  plannerCodes.graphNotJson, plannerCodes.graphMissing, plannerCodes.graphValue, plannerCodes.graphDuplicate,
  plannerCodes.graphUnknownNode, plannerCodes.graphEdgeCosts, plannerCodes.graphBackwardEdge, plannerCodes.graphCycle,
  plannerCodes.graphInfeasible,
];

describe.each(shown)("$code: $title", ({ code }) => {
  const path = fileURLToPath(new URL(`../../../../language/diagnostics/pages/${code}.md`, import.meta.url));

  test("gives what its page shows", async () => {
    const text = readFileSync(path, "utf8");
    const blocks = fencedBlocks(text);
    expect(blocks.map((block) => block.language)).toEqual(blocks.map((_, i) => (i % 2 === 0 ? "json" : "error")));
    let updated = text;
    for (let i = blocks.length - 2; i >= 0; i -= 2) {
      const rendered = await inTemporaryFile(blocks[i]?.body ?? "", async (graph) => {
        let errors = "";
        await runSolve({ graph, json: false }, { stdout: () => undefined, stderr: (part) => (errors += part) });
        return errors.replaceAll(graph, "graph.json");
      });
      expect(rendered).toContain(`error ${code}:`);
      const result = blocks[i + 1];
      if (result !== undefined) updated = `${updated.slice(0, result.start)}${rendered}${updated.slice(result.end)}`;
    }
    if (updateGoldens) writeFileSync(path, updated);
    else expect(updated, updateHint).toBe(text);
  });
});

/**
 * P11xx: planning and sharding. P1100-P1129 bare cost graphs and their solution. `where` names a part of the file, as
 * in "node 3"; `field` is the name of a member.
 */
import { defineCode } from "../diagnostic.ts";

export const plannerCodes = {
  graphUnreadable: defineCode({
    code: "P1100",
    severity: "error",
    title: "cost graph that cannot be opened",
    message: (p: { file: string; what: string }) => `${p.file} cannot be read: ${p.what}`,
  }),
  graphNotJson: defineCode({
    code: "P1101",
    severity: "error",
    title: "cost graph that is not JSON",
    message: (p: { expected: string; found: string }) => `the cost graph is not JSON: expected ${p.expected}, found ${p.found}`,
  }),
  graphMissing: defineCode({
    code: "P1102",
    severity: "error",
    title: "cost graph with a field left out",
    message: (p: { where: string; field: string }) => `${p.where} has no \`${p.field}\``,
  }),
  graphValue: defineCode({
    code: "P1103",
    severity: "error",
    title: "cost graph with a value of the wrong kind",
    message: (p: { where: string; field: string; expected: string }) => `\`${p.field}\` of ${p.where} must be ${p.expected}`,
  }),
  graphDuplicate: defineCode({
    code: "P1104",
    severity: "error",
    title: "cost graph with two nodes of one id",
    message: (p: { id: number }) => `two nodes have the id ${p.id}`,
  }),
  graphUnknownNode: defineCode({
    code: "P1105",
    severity: "error",
    title: "edge of a node that the cost graph does not have",
    message: (p: { id: number; field: string }) => `the edge's \`${p.field}\` is ${p.id}, but no node has that id`,
  }),
  graphEdgeCosts: defineCode({
    code: "P1106",
    severity: "error",
    title: "edges of one node with different costs",
    message: (p: { id: number; first: number; second: number }) => `the edges out of node ${p.id} cost ${p.first} and ${p.second}`,
  }),
  graphBackwardEdge: defineCode({
    code: "P1107",
    severity: "error",
    title: "edge from a backward to a forward node",
    message: (p: { from: number; to: number }) => `the backward node ${p.from} has an edge to the forward node ${p.to}`,
  }),
  graphCycle: defineCode({
    code: "P1108",
    severity: "error",
    title: "cost graph with a cycle",
    message: (p: { path: string }) => `the cost graph has a cycle: ${p.path}`,
  }),
  graphInfeasible: defineCode({
    code: "P1110",
    severity: "error",
    title: "cost graph that no partition fits",
    message: (p: { reason: string }) => `the graph cannot be placed on these devices: ${p.reason}`,
  }),
  graphUnplaced: defineCode({
    code: "P1111",
    severity: "error",
    title: "cost graph for which no partition was found",
    message: (p: { ideals: number }) => `no partition was found that fits these devices, among those along ${p.ideals} cuts; there may be one`,
  }),
} as const;

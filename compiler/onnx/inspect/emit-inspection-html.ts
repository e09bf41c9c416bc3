/**
 * One offline HTML page of an inspection: the blocks in order with a bar each for FLOPs, weights and activations; a
 * block opens to its nodes; arcs at the left show what uses what. Nothing is loaded from anywhere.
 */
import { formatBytes, formatCount, visibleName } from "./format-quantity.ts";
import { inspectionScript, inspectionStyle } from "./inspection-assets.ts";
import { typicalDim, type BlockReport, type Inspection, type NodeDetails, type NodeReport, type PortReport } from "./inspection.ts";
import { sessionBytes } from "./print-inspection.ts";

/** Nodes of a larger graph are not drawn, only its blocks. */
const nodesDrawnMax = 20_000;

/** The page as text. */
export function emitInspectionHtml(inspection: Inspection): string {
  const title = escape(inspection.file);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${inspectionStyle}</style>
</head>
<body>
<h1>${title}</h1>
<p>${escape(inspection.format)}${[...inspection.bindings].map(([name, value]) => `, ${escape(name)} = ${value}`).join("")}</p>
${ports("inputs", inspection.inputs)}
${ports("outputs", inspection.outputs)}
${totals(inspection)}
${diagnostics(inspection)}
<p class="tools" hidden><button type="button" id="open">open all blocks</button> <button type="button" id="close">close all</button> <input id="find" type="search" placeholder="operator or node name" aria-label="find nodes"> <span id="found" class="note"></span></p>
<section id="graph"><svg id="arcs" aria-hidden="true"></svg>
<div class="row head"><span class="name">block</span><span class="num">nodes</span><span class="num">FLOPs</span><span class="num">weights</span><span class="num">activations</span></div>
${blocks(inspection)}
</section>
<script>const edges=${JSON.stringify(inspection.nodes.length > nodesDrawnMax ? [] : inspection.edges)};${inspectionScript}</script>
</body>
</html>
`;
}

function escape(text: string): string {
  return visibleName(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function ports(title: string, list: readonly PortReport[]): string {
  const rows = list.map((port) => `<tr><td>${escape(port.name)}</td><td><code>${escape(`${port.dtype}[${port.shape.join(", ")}]`)}</code></td></tr>`);
  return `<table><caption>${title}</caption>${rows.join("")}</table>`;
}

function totals({ totals: t, freeDims }: Inspection): string {
  const session = sessionBytes(t);
  const cells: readonly (readonly [string, string])[] = [
    ["params", formatCount(t.params)], ["weights", formatBytes(t.weightBytes)], ["FLOPs", formatCount(t.flops)], ["peak activation", formatBytes(t.peakActivationBytes)],
    ...(session ? [["memory of one session", formatBytes(session.withArena)] as const] : []),
  ];
  const note = freeDims.length > 0 ? `<p class="note">Free dimensions: ${freeDims.slice(0, 12).map(escape).join(", ")}. Bars take each as ${typicalDim}.</p>` : "";
  return `<dl>${cells.map(([name, value]) => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`).join("")}</dl>${note}`;
}

function diagnostics(inspection: Inspection): string {
  if (inspection.diagnostics.length === 0) return "";
  return `<ul class="diagnostics">${inspection.diagnostics.map((d) => `<li class="${d.severity}">${escape(`${d.code} ${d.message}`)}</li>`).join("")}</ul>`;
}

function blocks(inspection: Inspection): string {
  const byBlock = new Map<string, DrawnNode[]>();
  inspection.nodes.forEach((node, index) => {
    const details = inspection.details[index];
    if (details === undefined || details.constant) return;
    const members = byBlock.get(node.block) ?? [];
    members.push({ node, details, index });
    byBlock.set(node.block, members);
  });
  const drawn = inspection.nodes.length <= nodesDrawnMax;
  const most = {
    flops: Math.max(1, ...inspection.blocks.map((block) => block.sizes.flops)),
    weights: Math.max(1, ...inspection.blocks.map((block) => block.weightBytes)),
    activations: Math.max(1, ...inspection.blocks.map((block) => block.sizes.activationBytes)),
  };
  return inspection.blocks.map((block) => {
    const summary = blockRow(block, most);
    return drawn ? `<details><summary>${summary}</summary>${(byBlock.get(block.name) ?? []).map(nodeRow).join("")}</details>` : `<div class="closed">${summary}</div>`;
  }).join("\n");
}

interface Most {
  readonly flops: number;
  readonly weights: number;
  readonly activations: number;
}

function blockRow(block: BlockReport, most: Most): string {
  return `<div class="row"><span class="name" title="${escape(block.name)}">${escape(block.name)}</span><span class="num">${block.nodes}</span>${bar(formatCount(block.flops), block.sizes.flops / most.flops, "flops")}${bar(formatBytes(block.weightBytes), block.weightBytes / most.weights, "weights")}${bar(formatBytes(block.activationBytes), block.sizes.activationBytes / most.activations, "activations")}</div>`;
}

interface DrawnNode {
  readonly node: NodeReport;
  readonly details: NodeDetails;
  readonly index: number;
}

function nodeRow({ node, details, index }: DrawnNode): string {
  const name = escape(node.name);
  const gives = escape(details.gives.join(", "));
  return `<div class="row node" data-node="${index}"><span class="name" title="${name}"><b>${escape(node.op)}</b> ${name}</span><span class="gives" title="${gives}">${gives}</span><span class="num">${escape(formatCount(node.flops))}</span><span class="num" title="read and written">${escape(formatBytes(node.bytes))} moved</span></div>`;
}

function bar(text: string, share: number, kind: string): string {
  return `<span class="num bar ${kind}" style="--share:${(share * 100).toFixed(1)}%" title="${escape(text)}">${escape(text)}</span>`;
}

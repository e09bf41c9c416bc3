/**
 * Checks a cluster plan from the models' work and the hardware alone: it shares no search, no prefix sums and no tables
 * with the planner. Throws on our own bugs.
 *
 * Every lane holds every node of its models once, in an order in which data only flows forward; every model is in lanes
 * or on cores, and keeps up there; every stage fits its devices, and models on cores their machines; gangs are of
 * distinct devices of one machine that exists; the rates are those of the slowest stage and resource; the bound is not
 * below the rate.
 */
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import { exchangePs, nodeTimePs, sessionBytes, transferPs, usableBytes } from "../cost/prices.ts";
import { pointsOfBatch } from "../cost/model-work.ts";
import type { ModelWork } from "../cost/model-work.ts";
import { tensorLayout } from "../cost/tensor-layout.ts";
import { acceleratorsOf } from "../place/problem.ts";
import type { AcceleratorKind } from "../place/problem.ts";
import type { ClusterLane, ClusterPart, ClusterPipeline, ClusterStage } from "./cluster-plan.ts";
import type { PipelineWork } from "./describe-pipeline.ts";

const TOLERANCE = 1e-9;

export function verifyClusterPipeline(plan: ClusterPipeline, work: PipelineWork, hardware: Hardware): void {
  const taken = new Set<string>();
  for (const lane of plan.lanes) {
    verifyCoverage(lane, work);
    for (const stage of lane.stages) {
      const kind = acceleratorsOf(hardware).find((candidate) => candidate.device.name === stage.device && candidate.node.name === stage.machine);
      if (kind === undefined) throw new Error(`cluster plan: stage ${stage.id} is on ${stage.device} in ${stage.machine}, which the hardware has not`);
      verifyGangs(stage, kind, `${stage.machine}/${stage.device}`, taken);
      verifyStage(stage, kind, work);
    }
    const slowest = Math.min(...lane.stages.map((stage) => stage.rowsPerSecond));
    demand(near(slowest, lane.rowsPerSecond), `a lane does ${slowest} rows/s, not ${lane.rowsPerSecond}`);
    demand(lane.devices === lane.stages.reduce((sum, stage) => sum + stage.replicas * stage.degree, 0), "a lane counts other devices than its stages have");
  }
  const slowest = Math.min(...plan.resources.map((resource) => resource.limitRowsPerSecond));
  demand(near(slowest, plan.rowsPerSecond), `the slowest resource does ${slowest} rows/s, the plan ${plan.rowsPerSecond}`);
  verifyModels(plan, work, hardware);
  demand(plan.boundRowsPerSecond >= plan.rowsPerSecond * (1 - TOLERANCE), "the bound is below the rate");
  for (const edge of plan.edges) demand(edge.queueBatches >= 1, `edge ${edge.from} to ${edge.to} holds no batch`);
}

/** Lanes share the rows, so those that hold a model do so many rows together; on cores a model fits the largest machine. */
function verifyModels(plan: ClusterPipeline, work: PipelineWork, hardware: Hardware): void {
  const memoryMax = Math.max(...hardware.nodes.map(({ node }) => node.memoryBytes));
  for (const { stage, work: model } of work.models) {
    const lanes = plan.lanes.filter((lane) => lane.stages.some((own) => own.parts.some((part) => part.model === model.name)));
    const onCores = plan.cpuStages.find((candidate) => candidate.id === stage && candidate.model !== null);
    demand(lanes.length > 0 || onCores !== undefined, `model ${model.name} is nowhere`);
    demand(onCores?.model == null || onCores.model.bytes <= memoryMax, `no machine holds ${model.name}`);
    const rate = lanes.reduce((sum, lane) => sum + lane.rowsPerSecond, 0);
    demand(lanes.length === 0 || rate >= plan.rowsPerSecond * (1 - TOLERANCE), `lanes do ${rate} rows/s of ${model.name}, the plan ${plan.rowsPerSecond}`);
  }
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`cluster plan: ${what}`);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function workOf(part: ClusterPart, work: PipelineWork): { readonly work: ModelWork; readonly rows: number } {
  const found = work.models.find((candidate) => candidate.work.name === part.model);
  if (found === undefined) throw new Error(`cluster plan: there is no model ${part.model}`);
  return { work: found.work, rows: found.rowsPerSource };
}

/** Each node of each model that the lane has a part of is in one stage, and no value flows back. */
function verifyCoverage(lane: ClusterLane, work: PipelineWork): void {
  const models = new Set(lane.stages.flatMap((stage) => stage.parts.map((part) => part.model)));
  for (const model of models) {
    const stageOf = new Map<number, number>();
    let nodes = 0;
    lane.stages.forEach((stage, index) => {
      for (const part of stage.parts.filter((candidate) => candidate.model === model)) {
        nodes = workOf(part, work).work.nodes.length;
        for (let node = part.from; node < part.to; node++) {
          demand(!stageOf.has(node), `node ${node} of ${model} is in two stages`);
          stageOf.set(node, index);
        }
      }
    });
    demand(stageOf.size === nodes, `${nodes - stageOf.size} nodes of ${model} are in no stage`);
    const own = work.models.find((candidate) => candidate.work.name === model)?.work;
    own?.nodes.forEach((node, at) => {
      for (const input of node.inputs) {
        const from = own.values[input]?.from ?? -1;
        demand(from < 0 || (stageOf.get(from) ?? 0) <= (stageOf.get(at) ?? 0), `node ${at} of ${model} needs what a later stage makes`);
      }
    });
  }
}

function verifyGangs(stage: ClusterStage, kind: AcceleratorKind, where: string, taken: Set<string>): void {
  demand(stage.gangs.length === stage.replicas, `stage ${stage.id} has ${stage.gangs.length} gangs for ${stage.replicas} replicas`);
  for (const gang of stage.gangs) {
    demand(gang.length === stage.degree, `a gang of ${stage.id} has ${gang.length} devices`);
    demand(new Set(gang.map((name) => name.split(":")[0])).size === 1, `a gang of ${stage.id} spans machines`);
    const domain = kind.node.linkDomain ?? kind.perNode;
    demand(new Set(gang.map((name) => Math.floor(Number(name.split(":")[1]) / domain))).size === 1, `a gang of ${stage.id} spans link domains`);
    for (const name of gang) {
      const [machine, device] = name.split(":").map(Number);
      demand(machine !== undefined && device !== undefined && machine < kind.nodes && device < kind.perNode, `there is no device ${name}`);
      demand(!taken.has(`${where} ${name}`), `device ${name} is in two gangs`);
      taken.add(`${where} ${name}`);
    }
  }
}

function verifyStage(stage: ClusterStage, kind: AcceleratorKind, work: PipelineWork): void {
  let [bytes, ps] = [0, 0];
  for (const part of stage.parts) {
    const own = workOf(part, work);
    const found = measurePart(own.work, part, kind, stage.degree);
    bytes += found.bytes;
    ps += (found.batchPs / part.batch) * own.rows;
  }
  const limits = work.models.filter((model) => stage.parts.some((part) => part.model === model.work.name)).flatMap((model) => model.hints.memoryBytes ?? []);
  demand(bytes <= usableBytes(kind.device, limits.length === 0 ? undefined : Math.min(...limits)), `stage ${stage.id} needs ${bytes} bytes of a ${kind.device.name}`);
  demand(near(bytes, stage.bytes) || Math.abs(bytes - stage.bytes) < 16, `stage ${stage.id} needs ${bytes} bytes, not ${stage.bytes}`);
  demand(near(ps, stage.psPerRow), `a row takes stage ${stage.id} ${ps} ps, not ${stage.psPerRow}`);
  demand(near((1e12 * stage.replicas) / ps, stage.rowsPerSecond), `stage ${stage.id} does not do ${stage.rowsPerSecond} rows/s`);
}

/** A part's time for a batch and its memory, node by node. */
function measurePart(work: ModelWork, part: ClusterPart, kind: AcceleratorKind, degree: number): { readonly batchPs: number; readonly bytes: number } {
  const layout = tensorLayout(work);
  const inside = (node: number): boolean => node >= part.from && node < part.to;
  const enters = work.values.filter((value) => !value.cloned && value.from < part.from && value.lastUse >= part.from);
  const leaves = work.values.filter((value) => !value.cloned && value.from < part.to && value.lastUse >= part.to);
  const spread = kind.node.hostLink.shared ? degree : 1;
  let [batchPs, peak, io] = [0, 0, 0];
  for (const point of pointsOfBatch(work, part.batch)) {
    let time = 0;
    work.nodes.forEach((node, index) => {
      if (!inside(index)) return;
      time += nodeTimePs(kind.device, { flops: node.flops[point] ?? 0, bytes: node.bytes[point] ?? 0, kernels: node.kernels, rate: node.rate }, layout.sharded[index] ? degree : 1);
      for (const exchange of layout.exchanges[index] ?? []) time += exchangePs(kind.node, kind.device, degree, work.values[exchange.value]?.bytes[point] ?? 0);
      peak = Math.max(peak, node.liveBytes[point] ?? 0);
    });
    const [inBytes, outBytes] = [enters, leaves].map((values) => values.reduce((sum, value) => sum + (value.bytes[point] ?? 0), 0));
    const moved = transferPs(kind.node.hostLink, enters.length, (inBytes ?? 0) * spread) + transferPs(kind.node.hostLink, leaves.length, (outBytes ?? 0) * spread);
    batchPs += (work.points[point]?.share ?? 0) * (time + moved);
    io = Math.max(io, (inBytes ?? 0) + (outBytes ?? 0));
  }
  const held = new Set(work.nodes.flatMap((node, index) => (inside(index) ? node.weights : [])));
  const weightBytes = [...held].reduce((sum, weight) => sum + (work.weights[weight]?.bytes ?? 0) / (layout.shardedWeights[weight] ? degree : 1), 0);
  return { batchPs, bytes: sessionBytes(weightBytes, peak, io) };
}

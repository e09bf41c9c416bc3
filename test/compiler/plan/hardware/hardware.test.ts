/** Hardware as presets, as files, as values of the language, and as this machine tells of itself. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { describeMachine } from "../../../../compiler/plan/hardware/describe-machine.ts";
import type { MachineFacts } from "../../../../compiler/plan/hardware/describe-machine.ts";
import { hardwareOfConstant } from "../../../../compiler/plan/hardware/hardware-of-constant.ts";
import { parseSmiDevices, parseTopology, slowestLink } from "../../../../compiler/plan/hardware/parse-nvidia-smi.ts";
import { readHardware } from "../../../../compiler/plan/hardware/read-hardware.ts";
import { runHw } from "../../../../compiler/cli/commands/hw.ts";
import { hardwareModule } from "../../../../compiler/models/hardware-module.ts";
import type { ConstantValue } from "../../../../language/catalog/constant-value.ts";
import { createSourceFile } from "../../../../language/source/source-file.ts";
import { devices } from "../../../../stdlib/hw/devices.ts";
import { findNodeType, nodeTypeNames } from "../../../../stdlib/hw/presets.ts";

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const schema: unknown = JSON.parse(readFileSync(path("../../../../stdlib/hw/hardware.schema.json"), "utf8"));
const fitsSchema = new Ajv().compile(typeof schema === "object" && schema !== null ? schema : {});

const read = (value: unknown) => readHardware(createSourceFile("hw.json", JSON.stringify(value, undefined, 1)));
const problems = (value: unknown) => read(value).diagnostics.map(({ code, message }) => `${code} ${message}`);
const g4dn = findNodeType("aws.g4dn_12xlarge");

describe("presets", () => {
  test.each(nodeTypeNames().map((name) => [name]))("%s survives the trip through a file", (name) => {
    const hardware = { nodes: [{ count: 3, node: findNodeType(name) }] };
    expect(fitsSchema(hardware), JSON.stringify(fitsSchema.errors)).toBe(true);
    expect(read(hardware)).toEqual({ hardware, diagnostics: [] });
  });

  test("say where they are from, and prices of which day they are", () => {
    for (const name of nodeTypeNames()) {
      const node = findNodeType(name);
      expect(node?.source).not.toBe("");
      if (name.startsWith("aws.")) expect(node?.price?.asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
    for (const device of devices) expect(device.source).not.toBe("");
  });

  test("cover what the documentation promises", () => {
    expect(devices.map((device) => device.name)).toEqual(expect.arrayContaining(["T4", "A10G", "L4", "A100-40", "A100-80", "H100", "H200", "B200", "RTX 4090"]));
    for (const family of ["g4dn", "g5", "g6", "p4d", "p4de", "p5", "p5en", "p6_b200", "m5"]) {
      expect(nodeTypeNames().some((name) => name.startsWith(`aws.${family}_`)), family).toBe(true);
    }
  });
});

describe("hardware files", () => {
  test("may name presets and devices", () => {
    const { hardware, diagnostics } = read({ nodes: [{ count: 2, node: "aws.g4dn_12xlarge" }, { count: 1, node: { ...g4dn, devices: [{ count: 1, device: "L4" }] } }] });
    expect(diagnostics).toEqual([]);
    expect(hardware?.nodes.map(({ count, node }) => [count, node.name, node.devices[0]?.device.name])).toEqual([[2, "g4dn.12xlarge", "T4"], [1, "g4dn.12xlarge", "L4"]]);
  });

  test("are told all that is wrong with them", () => {
    expect(problems({ nodes: [{ count: 1.5, node: "aws.g4dn_12xlage" }, { count: 1, node: { ...g4dn, memory: 1, hostLink: { latencyUs: -1, shared: 1 } } }] })).toEqual([
      "P1133 `count` of node group 1 must be an integer above 0 up to 1000000",
      "P1135 there is no machine type called `aws.g4dn_12xlage`",
      "P1134 the machine of node group 2 has a field `memory` that means nothing",
      "P1133 `latencyUs` of `hostLink` of the machine of node group 2 must be a number from 0",
      "P1132 `hostLink` of the machine of node group 2 has no `bytesPerSecond`",
      "P1133 `shared` of `hostLink` of the machine of node group 2 must be true or false",
    ]);
    expect(problems({ nodes: [] })).toEqual(["P1133 `nodes` of the hardware must be a list of at least one machine"]);
    expect(problems([])).toEqual(["P1133 `hardware` of the file must be an object"]);
    expect(readHardware(createSourceFile("hw.json", "{'nodes'}")).diagnostics.map(({ code }) => code)).toEqual(["P1131"]);
  });

  test("suggest the name that was meant", () => {
    expect(read({ nodes: [{ count: 1, node: "aws.g4dn_12xlage" }] }).diagnostics[0]?.fix?.text).toBe("write `aws.g4dn_12xlarge`");
  });
});

test("values of the language become hardware, equal machines together", () => {
  const [, exported] = hardwareModule().find(([name]) => name === "aws") ?? [];
  const value = exported?.kind === "value" && exported.value.kind === "record" ? exported.value.fields["m5_16xlarge"] : undefined;
  if (value === undefined) throw new Error("std/hw has no aws.m5_16xlarge");
  const counted = (count: bigint, node: ConstantValue): ConstantValue => ({ kind: "record", fields: { count: { kind: "int", value: count }, node } });
  const fleet: ConstantValue = { kind: "call", name: "hardware", args: { nodes: { kind: "list", items: [counted(10n, value), counted(2n, value)] } } };
  expect(hardwareOfConstant(fleet)).toEqual({ nodes: [{ count: 12, node: findNodeType("aws.m5_16xlarge") }] });
  expect(hardwareOfConstant(value).nodes[0]?.count).toBe(1);
});

describe("this machine", () => {
  const facts: MachineFacts = {
    cpuModel: "AMD EPYC 9R14", cores: 16, threadsPerCore: 1, clockMhz: 3700, memoryBytes: 128 * 2 ** 30, cgroupMemoryBytes: 64 * 2 ** 30, smiDevices: undefined, smiTopology: undefined,
  };
  const topology = (name: string) => parseTopology(readFileSync(path(`recorded/${name}`), "utf8"));

  test("nvidia-smi lists devices", () => {
    expect(parseSmiDevices("Tesla T4, 15360, 3, 16\nTesla T4, 15360, 3, [N/A]\nNo devices were found\n")).toEqual([
      { name: "Tesla T4", memoryBytes: 15360 * 2 ** 20, pcieGeneration: 3, pcieWidth: 16 },
      { name: "Tesla T4", memoryBytes: 15360 * 2 ** 20, pcieGeneration: 3, pcieWidth: undefined },
    ]);
  });

  test("topo -m tells the links", () => {
    expect(slowestLink(topology("topo-4-gpus-nvlink.txt"))).toBe("NV18");
    expect(slowestLink(topology("topo-4-gpus-pcie.txt"))).toBe("SYS");
    expect(parseTopology("nothing of the kind")).toEqual([]);
  });

  test("without devices it has its cores and the memory its cgroup leaves", () => {
    const { hardware, diagnostics } = describeMachine(facts);
    expect(diagnostics).toEqual([]);
    expect(fitsSchema(hardware)).toBe(true);
    expect(hardware.nodes[0]?.node).toMatchObject({ cores: 16, memoryBytes: 64 * 2 ** 30, devices: [] });
  });

  test("pairs that NVLink joins are link domains", () => {
    const pairs = ["\tGPU0\tGPU1\tGPU2\tGPU3\tCPU Affinity", "GPU0\t X \tNV4\tSYS\tSYS\t0-15", "GPU1\tNV4\t X \tSYS\tSYS\t0-15", "GPU2\tSYS\tSYS\t X \tNV4\t16-31", "GPU3\tSYS\tSYS\tNV4\t X \t16-31", ""].join("\n");
    const { hardware } = describeMachine({ ...facts, smiDevices: "NVIDIA RTX A6000, 49140, 4, 16\n".repeat(4), smiTopology: pairs });
    expect(hardware.nodes[0]?.node).toMatchObject({ linkDomain: 2, deviceLink: { bytesPerSecond: 80e9, shared: false } });
    expect(fitsSchema(hardware)).toBe(true);
    expect(readHardware(createSourceFile("hw.json", JSON.stringify(hardware))).hardware).toEqual(hardware);
  });

  test("threads of one core share its rate", () => {
    const rate = (threadsPerCore: number) => describeMachine({ ...facts, threadsPerCore }).hardware.nodes[0]?.node.core.peakFlopsPerSecond.f32;
    expect([rate(1), rate(2)]).toEqual([3700e6 * 32, 3700e6 * 16]);
  });

  test("known cards get their data sheet's rates, unknown ones a warning", () => {
    const { hardware, diagnostics } = describeMachine({ ...facts, smiDevices: "NVIDIA H100 80GB HBM3, 81559, 5, 16\nNVIDIA H100 80GB HBM3, 81559, 5, 16\nNVIDIA Titan Q, 48000, 5, 16\n", smiTopology: readFileSync(path("recorded/topo-4-gpus-nvlink.txt"), "utf8") });
    const node = hardware.nodes[0]?.node;
    expect(node?.devices.map(({ count, device }) => [count, device.name])).toEqual([[2, "H100"], [1, "NVIDIA Titan Q"]]);
    expect(node?.deviceLink).toEqual({ latencyUs: 5, bytesPerSecond: 360e9, shared: false });
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual(["P1136 NVIDIA Titan Q: its rates are not known; those of an RTX 4090 stand for them"]);
    expect(fitsSchema(hardware)).toBe(true);
  });
});

describe("pipec hw", () => {
  const run = async (args: Parameters<typeof runHw>[0]) => {
    let [out, errors] = ["", ""];
    const status = await runHw(args, { cwd: path("."), color: false, stdout: (text) => void (out += text), stderr: (text) => void (errors += text) });
    return { status, out, errors };
  };

  test("detect writes a file that can be read", async () => {
    const { status, out } = await run({ action: "detect" });
    expect(status).toBe(0);
    expect(read(JSON.parse(out)).diagnostics).toEqual([]);
  });

  test("show lists presets, prints one, and refuses what there is not", async () => {
    expect((await run({ action: "show", name: undefined, json: false })).out).toContain("aws.p5en_48xlarge");
    expect((await run({ action: "show", name: "aws.g4dn_12xlarge", json: false })).out).toContain("4 x T4: 15 GiB at 320 GB/s");
    const refused = await run({ action: "show", name: "aws.g4dn_12xl", json: false });
    expect([refused.status, refused.errors.split("\n")[0]]).toEqual([1, "error P1135: there is no machine type called `aws.g4dn_12xl`"]);
    expect((await run({ action: "show", name: "none.json", json: false })).errors).toContain("P1130: none.json cannot be read: there is no such file");
  });
});

/** Shape inference as a whole: data through shapes, control flow, functions, declarations, bindings, diagnostics. */
import { describe, expect, test } from "vitest";
import { dimName, dimOf } from "../../../../language/tensor/dim.ts";
import { intsValue } from "../../../../compiler/onnx/infer/known-value.ts";
import type { Attribute, Node } from "../../../../compiler/onnx/model-graph.ts";
import { functionOf, graphOf, inferPrinted, modelOf } from "../../../support/infer-model.ts";

describe("data in shapes", () => {
  test("goes through shape arithmetic into Reshape", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", "T", 64]);
      b.ints("one", [], [1]);
      b.ints("four", [], [4]);
      b.ints("zero", [1], [0]);
      b.ints("rest", [1], [-1]);
      const length = b.node("Gather", [b.node("Shape", ["x"]), "one"], { axis: 0 });
      const half = b.node("Unsqueeze", [b.node("Div", [length, "four"]), "zero"]);
      b.node("Concat", [half, "rest"], { axis: 0 }, { outputs: ["shape"] });
      b.node("Reshape", ["x", "shape"], {}, { outputs: ["y"] });
      b.node("Cast", [b.node("Floor", [b.node("Mul", [b.node("Cast", [length], { to: 1 }), b.floats("scale", [], [0.5])])])], { to: 7 }, { outputs: ["scaled"] });
    });
    const { type, value, messages } = inferPrinted(model);
    expect(messages).toEqual([]);
    expect(value("shape")).toBe("floor(T/4), -1");
    expect(type("y")).toMatch(/^f32\[floor\(T\/4\), reshape_\d+\]$/);
    expect(value("scaled")).toBe("floor(T/2)");
  });

  test("decides conditions that hold for every dimension", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", "T"]);
      b.ints("minus", [2], [-1, -1]);
      const shape = b.node("Shape", ["x"]);
      b.node("Where", [b.node("Equal", [shape, "minus"]), "minus", shape], {}, { outputs: ["shape"] });
    });
    expect(inferPrinted(model).value("shape")).toBe("N, T");
  });

  test("what only data decides gets a name of its own", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N"]);
      b.node("NonZero", ["x"], {}, { outputs: ["a"] });
      b.node("NonZero", ["x"], {}, { outputs: ["b"] });
    });
    const { type, inferred } = inferPrinted(model);
    expect(type("a")).toBe("i64[1, nonzero_0]");
    expect(type("b")).toBe("i64[1, nonzero_1]");
    expect(inferred.freshDims.get("nonzero_1")).toEqual({ op: "NonZero", place: "NonZero_1" });
  });

  test("names of the file are not taken again", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["nonzero_0"]);
      b.node("NonZero", ["x"], {}, { outputs: ["y"] });
    });
    expect(inferPrinted(model).type("y")).toBe("i64[1, nonzero_1]");
  });

  test("a broadcast keeps the larger of two dimensions where one is proved to be", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["T"]);
      b.input("y", "f32", ["S"]);
      b.tensor("positions", "f32", [512], new Uint8Array(2048));
      const part = b.node("Slice", ["positions", b.ints("zero", [1], [0]), b.node("Shape", ["x"])], {}, { outputs: ["part"] });
      b.node("Add", ["x", part], {}, { outputs: ["sum"] });
      b.node("Add", ["x", "y"], {}, { outputs: ["other"] });
    });
    const { type } = inferPrinted(model);
    expect(type("part")).toBe("f32[min(T, 512)]");
    expect(type("sum")).toBe("f32[T]");
    expect(type("other")).toBe("f32[max(S, T)]");
  });
});

describe("If", () => {
  const branches = { then_branch: graphOf((b) => b.output(b.node("Relu", ["x"]), "f32", [])), else_branch: graphOf((b) => b.output(b.node("Concat", ["x", "x"], { axis: 0 }), "f32", [])) };

  test("merges its branches", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 3]);
      b.input("c", "bool", []);
      b.node("If", ["c"], branches, { outputs: ["y"] });
    });
    const { type, inferred } = inferPrinted(model);
    expect(type("y")).toBe("f32[if_0, 3]");
    expect([...inferred.nested.values()].flat().map((scope) => scope.name)).toEqual(["then_branch", "else_branch"]);
  });

  test("takes the branch that a known condition takes", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 3]);
      b.node("If", [b.node("Greater", [b.node("Size", ["x"]), b.ints("none", [], [-1])])], branches, { outputs: ["y"] });
    });
    expect(inferPrinted(model).type("y")).toBe("f32[N, 3]");
  });
});

describe("Loop", () => {
  test("a carried dimension that changes is named once, others stay", () => {
    const body = graphOf((b) => {
      b.input("i", "i64", []);
      b.input("go", "bool", []);
      b.input("v", "f32", []);
      b.node("Identity", ["go"], {}, { outputs: ["go_on"] });
      b.node("Concat", ["v", "v"], { axis: 0 }, { outputs: ["longer"] });
      b.node("ReduceSum", ["v", b.ints("first", [1], [0])], { keepdims: 0 }, { outputs: ["sum"] });
      b.output("go_on", "bool", []);
      b.output("longer", "f32", []);
      b.output("sum", "f32", []);
    });
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 3]);
      b.ints("trips", [], [5]);
      b.node("Loop", ["trips", "", "x"], { body }, { outputs: ["last", "sums"] });
    });
    const { type, messages } = inferPrinted(model);
    expect(messages).toEqual([]);
    expect(type("last")).toMatch(/^f32\[loop_\d+, 3\]$/);
    expect(type("sums")).toBe("f32[5, 3]");
  });

  test("stacks as often as its symbolic trip count says", () => {
    const body = graphOf((b) => {
      b.input("i", "i64", []);
      b.input("go", "bool", []);
      b.node("Identity", ["go"], {}, { outputs: ["go_on"] });
      b.node("Identity", ["i"], {}, { outputs: ["at"] });
      b.output("go_on", "bool", []);
      b.output("at", "i64", []);
    });
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 3]);
      b.node("Loop", [b.node("Size", ["x"]), ""], { body }, { outputs: ["all"] });
    });
    expect(inferPrinted(model).type("all")).toBe("i64[3*N]");
  });
});

test("Scan cuts its inputs and stacks its outputs along the axes named", () => {
  const body = graphOf((b) => {
    b.input("state", "f32", []);
    b.input("part", "f32", []);
    b.node("Add", ["state", "part"], {}, { outputs: ["next"] });
    b.node("Unsqueeze", ["part", b.ints("front", [1], [0])], {}, { outputs: ["row"] });
    b.output("next", "f32", []);
    b.output("row", "f32", []);
  });
  const model = modelOf((b) => {
    b.input("start", "f32", ["N"]);
    b.input("x", "f32", ["N", "T"]);
    b.node("Scan", ["start", "x"], { body, num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [2] }, { outputs: ["end", "rows"] });
  });
  const { type, messages } = inferPrinted(model);
  expect(messages).toEqual([]);
  expect(type("end")).toBe("f32[N]");
  expect(type("rows")).toBe("f32[1, N, T]");
});

describe("local functions", () => {
  const withRef = (node: Node, name: string, ref: string): Node => ({ ...node, attributes: new Map([...node.attributes, [name, { kind: "ref", value: ref } satisfies Attribute]]) });

  test("are looked into, with their attributes and the values of shapes", () => {
    const called = functionOf("Fold", (b) => {
      b.input("a", "f32", []);
      b.input("unused", "f32", []);
      b.node("Concat", ["a", "a"], {}, { outputs: ["wide"] });
      b.node("Reshape", ["wide", "shape"], {}, { outputs: ["r"] });
      b.input("shape", "i64", []);
      b.output("r", "f32", []);
    });
    const fn = { ...called, nodes: called.nodes.map((node) => (node.op === "Concat" ? withRef(node, "axis", "along") : node)) };
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 4]);
      b.ints("shape", [2], [-1, 2]);
      b.node("Fold", ["x", "", "shape"], { along: 1 }, { domain: "local", outputs: ["y"] });
    });
    const { type, messages, inferred } = inferPrinted({ ...model, functions: [fn] });
    expect(messages).toEqual([]);
    expect(type("y")).toBe("f32[4*N, 2]");
    expect([...inferred.nested.values()].flat().map((scope) => scope.kind)).toEqual(["function"]);
  });

  test("that multiply run into the budget, not into the night", () => {
    const doubling = Array.from({ length: 40 }, (_, i) =>
      functionOf(`F${i}`, (b) => {
        b.input("a", "f32", []);
        const next = i < 39 ? { op: `F${i + 1}`, domain: "local" } : { op: "Relu", domain: "" };
        const once = b.node(next.op, ["a"], {}, { domain: next.domain });
        b.output(b.node(next.op, [once], {}, { domain: next.domain }), "f32", []);
      }),
    );
    const model = modelOf((b) => {
      b.input("x", "f32", ["N"]);
      b.node("F0", ["x"], {}, { domain: "local", outputs: ["y"] });
    });
    const { messages } = inferPrinted({ ...model, functions: doubling }, { nodesMax: 5_000 });
    expect(messages).toEqual(["P1034 shape inference stopped after 5000 nodes, since functions or loops of the model multiply its nodes; the rest is unknown"]);
  });
});

describe("options", () => {
  const model = modelOf((b) => {
    b.input("x", "f32", ["N", "T"]);
    b.input("shape", "i64", [2]);
    b.node("Flatten", ["x"], { axis: 0 }, { outputs: ["flat"] });
    b.node("Expand", ["x", "shape"], {}, { outputs: ["y"] });
  });

  test("bindings give names their values", () => {
    const { type } = inferPrinted(model, { bindings: new Map([["N", 2], ["T", 7]]) });
    expect(type("flat")).toBe("f32[1, 14]");
    const earlier = inferPrinted(model).type("y");
    const [first] = /expand_\d/.exec(earlier) ?? [""];
    expect(inferPrinted(model, { bindings: new Map([[first, 5]]) }).type("y")).toBe(earlier.replace(first, "5"));
  });

  test("shapes of inputs may be given", () => {
    const { type } = inferPrinted(model, { inputShapes: new Map([["x", [dimOf(4), dimName("L")]]]) });
    expect(type("flat")).toBe("f32[1, 4*L]");
  });

  test("values of inputs may be given", () => {
    expect(inferPrinted(model).type("y")).toMatch(/^f32\[expand_\d, expand_\d\]$/);
    expect(inferPrinted(model, { inputValues: new Map([["shape", intsValue([5, 1])]]) }).type("y")).toBe("f32[5, T]");
  });
});

describe("diagnostics", () => {
  test("P1030: an unknown operator is named, and inference goes on with what is declared", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 3]);
      b.node("Mystery", ["x"], {}, { domain: "acme", name: "here", outputs: ["a", "b"] });
      b.node("Relu", ["b"], {}, { outputs: ["c"] });
      b.node("Relu", ["x"], {}, { outputs: ["d"] });
      b.output("a", "f32", ["N", 9]);
    });
    const { type, messages, inferred } = inferPrinted(model);
    expect(messages).toEqual(['P1030 node "here" is "acme.Mystery" of version 1, an operator whose shapes are not known; its outputs are taken as declared or left unknown']);
    expect(type("a")).toBe("f32[N, 9]");
    expect([...inferred.declared]).toEqual(["a"]);
    expect(type("b")).toBe("?");
    expect(type("c")).toBe("?[...]");
    expect(type("d")).toBe("f32[N, 3]");
  });

  test("P1031: inputs that do not fit are reported once, with the node, and inference goes on", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 64]);
      b.weight("w", [32, 96], 1);
      b.node("MatMul", ["x", "w"], {}, { name: "proj", outputs: ["y"] });
    });
    const { type, messages } = inferPrinted(model);
    expect(messages).toEqual(['P1031 node "proj" (MatMul) cannot run: [N, 64] and [32, 96] cannot be multiplied (64 against 32)']);
    expect(type("y")).toBe("f32[N, 96]");
  });

  test.each<[string, string, readonly (readonly number[])[], Readonly<Record<string, number | readonly number[]>>, string]>([
    ["Transpose", "perm", [[2, 3]], { perm: [0, 0] }, "[0, 0] is no permutation of the axes of [2, 3]"],
    ["Concat", "axis", [[2, 3], [3, 3]], { axis: 1 }, "the tensors to join along axis 1 differ at axis 0: [2, 3] and [3, 3]"],
    ["Add", "shapes", [[2, 3], [4, 3]], {}, "shapes [2, 3] and [4, 3] cannot be broadcast together (2 against 4)"],
    ["Softmax", "none", [[2, 3]], { axis: 1 }, ""],
    ["Conv", "channels", [[1, 3, 8, 8], [4, 2, 3, 3]], {}, "the input has 3 channels and the weights 2 in each of 1 groups"],
    ["Gather", "axis", [[2, 3], [1]], { axis: 2 }, "axis 2 does not exist in a tensor of rank 2"],
  ])("P1031 by %s (%s)", (op, _, shapes, attributes, what) => {
    const model = modelOf((b) => {
      const inputs = shapes.map((dims, i) => b.input(`x${i}`, "f32", dims));
      b.node(op, inputs, attributes, { name: "n", outputs: ["y"] });
    });
    expect(inferPrinted(model).messages).toEqual(what === "" ? [] : [`P1031 node "n" (${op}) cannot run: ${what}`]);
  });

  test("P1032: a declared output must not contradict the graph; its names may", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", ["N", 10]);
      b.output(b.node("Relu", ["x"], {}, { outputs: ["y"] }), "f32", ["N", 1000]);
      b.output(b.node("Relu", ["x"], {}, { outputs: ["z"] }), "f32", ["Relu_dim_0", "Relu_dim_1"]);
      b.output(b.node("Cast", ["x"], { to: 7 }, { outputs: ["i"] }), "f32", ["N", 10]);
      b.output(b.node("Flatten", ["x"], {}, { outputs: ["f"] }), "f32", ["N"]);
    });
    expect(inferPrinted(model).messages).toEqual([
      'P1032 the graph makes output "y" of dimension 10 at axis 1, not 1000 as the file declares',
      'P1032 the graph makes output "i" i64, not f32 as the file declares',
      'P1032 the graph makes output "f" of rank 2, not 1 as the file declares',
    ]);
    expect(inferPrinted(model, { declarations: "ignore" }).messages).toEqual([]);
  });

  test("P1033: a stale intermediate declaration is a warning", () => {
    const model = modelOf((b) => {
      b.input("x", "f32", [8, 10]);
      b.node("Relu", ["x"], {}, { outputs: ["y"] });
    });
    const stale = { name: "y", type: { kind: "tensor", dtype: "f32", dims: [1, 10] }, bytes: model.graph.bytes } as const;
    const { messages, inferred } = inferPrinted({ ...model, graph: { ...model.graph, valueInfo: [stale] } });
    expect(messages).toEqual(['P1033 the graph makes "y" of dimension 8 at axis 0, not 1 as the file declares']);
    expect(inferred.diagnostics[0]?.severity).toBe("warning");
  });
});

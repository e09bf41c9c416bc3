/** Strongly connected components (Tarjan, without recursion), numbered so that every arc goes to an equal or higher one. */

/** The component of each of `count` nodes under the arcs given. */
export function stronglyConnected(count: number, arcs: readonly (readonly [number, number])[]): number[] {
  const out: number[][] = Array.from({ length: count }, () => []);
  for (const [a, b] of arcs) out[a]?.push(b);
  const index = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const component = new Int32Array(count).fill(-1);
  const open: number[] = [];
  let visited = 0;
  let components = 0;

  const enter = (node: number): void => {
    index[node] = visited;
    low[node] = visited;
    visited += 1;
    open.push(node);
  };
  const close = (node: number): void => {
    if (low[node] !== index[node]) return;
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      component[top] = components;
      if (top === node) break;
    }
    components += 1;
  };

  for (let root = 0; root < count; root++) {
    if (index[root] !== -1) continue;
    const path = [{ node: root, next: 0 }];
    enter(root);
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const { node } = frame;
      const target = out[node]?.[frame.next];
      frame.next += 1;
      if (target === undefined) {
        close(node);
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent.node] = Math.min(low[parent.node] ?? 0, low[node] ?? 0);
      } else if (index[target] === -1) {
        enter(target);
        path.push({ node: target, next: 0 });
      } else if (component[target] === -1) {
        low[node] = Math.min(low[node] ?? 0, index[target] ?? 0);
      }
    }
  }
  // Tarjan closes sinks first.
  return Array.from(component, (c) => components - 1 - c);
}

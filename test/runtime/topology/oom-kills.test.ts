/** Where the kernel says how many processes it has killed for memory. */
import { describe, expect, it } from "vitest";
import { countOomKills } from "../../../runtime/topology/oom-kills.ts";

function countIn(files: Readonly<Record<string, string>>): number | undefined {
  return countOomKills((file) => files[file]);
}

describe("kills for memory", () => {
  it("are counted in the process's own group", () => {
    expect(countIn({
      "/proc/self/cgroup": "0::/system.slice/run.scope\n",
      "/sys/fs/cgroup/system.slice/run.scope/memory.events": "low 0\nhigh 3\noom 2\noom_kill 2\noom_group_kill 0\n",
      "/proc/vmstat": "oom_kill 9\n",
    })).toBe(2);
  });

  it("are counted at the root that a container sees", () => {
    expect(countIn({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.events": "oom_kill 4\n" })).toBe(4);
    expect(countIn({ "/proc/self/cgroup": "0::/docker/abc\n", "/sys/fs/cgroup/memory.events": "oom_kill 5\n" })).toBe(5);
  });

  it("are counted in groups of the first version", () => {
    expect(countIn({ "/proc/self/cgroup": "12:cpu,cpuacct:/a\n7:memory:/job\n", "/sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n" })).toBe(1);
  });

  it("are counted on the whole machine otherwise, or not at all", () => {
    expect(countIn({ "/proc/vmstat": "nr_free_pages 12\noom_kill 9\n" })).toBe(9);
    expect(countIn({})).toBeUndefined();
  });
});

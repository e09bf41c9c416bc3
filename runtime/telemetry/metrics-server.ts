/** Serves a run's metrics at /metrics for as long as it lasts. Never keeps the process alive. */
import { jobError } from "../contract/failures.ts";

export interface MetricsAddress {
  /** Undefined: this machine only, as far as nobody says otherwise. */
  readonly host: string | undefined;
  readonly port: number;
}

/** ":9464", "9464" or "0.0.0.0:9464"; undefined for anything else. */
export function parseMetricsAddress(text: string): MetricsAddress | undefined {
  const parts = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts === null || port > 65_535) return undefined;
  const host = parts[1]?.replace(/^\[(.*)\]$/, "$1");
  return { host: host === "" ? undefined : host, port };
}

const DEFAULT_HOST = "127.0.0.1";

export interface MetricsServer {
  /** The one given, or for 0 one that was free. */
  readonly port: number;
  readonly url: string;
  readonly close: () => void;
}

/** Faults: R0180, the address cannot be listened on. */
export async function serveMetrics(address: MetricsAddress, render: () => string): Promise<MetricsServer> {
  const host = address.host ?? DEFAULT_HOST;
  // Few runs are watched so, and every thread would load it.
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") response.writeHead(404, { "content-type": "text/plain" }).end("metrics are at /metrics\n");
    else response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(render());
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(jobError("R0180", `metrics cannot be served at ${printAddress(host, address.port)}: ${error.message}`, "give another address, such as --metrics :0 for any free port")));
    server.listen(address.port, host, () => {
      server.unref();
      const bound = server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
      resolve({ port, url: `http://${printAddress(host, port)}/metrics`, close: () => server.close() });
    });
  });
}

/** As in a URL: an IPv6 address has colons of its own (RFC 3986). */
function printAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

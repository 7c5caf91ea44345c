/** /metrics in Prometheus' text format: requests, volumes by state, pools, memory. Reads control when it is asked. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Control } from '../../control/control.ts';

export interface HttpMetrics {
  readonly contentType: string;
  /** All metrics as they are now. */
  text(): Promise<string>;
  /** @param route the pattern, never the path: labels stay few. */
  answered(method: string, route: string, status: number, seconds: number): void;
  /** Called when one begins (+1) and ends (-1). */
  working(change: 1 | -1): void;
  refused(): void;
}

/** @param registry to add to; default a new one. */
export function createMetrics(control: Control, version: string, registry: Registry = new Registry()): HttpMetrics {
  const registers = [registry];
  const requests = new Counter({ name: 'holdfast_http_requests_total', help: 'Requests answered, by route and status.', labelNames: ['method', 'route', 'status'], registers });
  const duration = new Histogram({ name: 'holdfast_http_request_duration_seconds', help: 'Time from the request to its answer.', labelNames: ['method', 'route'], buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30], registers });
  const inWork = new Gauge({ name: 'holdfast_http_requests_in_work', help: 'Requests being worked on.', registers });
  const overload = new Counter({ name: 'holdfast_http_requests_refused_total', help: 'Requests answered 503 because too many were in work.', registers });
  new Gauge({ name: 'holdfast_build_info', help: '1, with the version of the daemon.', labelNames: ['version'], registers }).set({ version }, 1);

  const volumes = new Gauge({ name: 'holdfast_volumes', help: 'Volumes by state, trash included.', labelNames: ['state'], registers });
  const snapshots = new Gauge({ name: 'holdfast_snapshots', help: 'Snapshots.', registers });
  const running = new Gauge({ name: 'holdfast_operations_running', help: 'Operations that are not over.', registers });
  const problems = new Gauge({ name: 'holdfast_problems', help: 'Objects with conditions, at most 50.', registers });
  const pool = (what: string, help: string) => new Gauge({ name: `holdfast_pool_${what}_bytes`, help, labelNames: ['pool', 'class'], registers });
  const capacity = pool('capacity', 'What the filesystems of the pool hold.');
  const allocated = pool('allocated', 'What is promised to volumes, snapshots and trash.');
  const used = pool('used', 'What is used on the medium.');
  const available = pool('available', 'What may still be promised.');
  const trash = pool('trash', 'Part of the allocated bytes that is trash.');

  const up = new Gauge({ name: 'holdfast_up', help: '1 when the control plane answers.', registers });
  const resident = new Gauge({ name: 'process_resident_memory_bytes', help: 'Memory of the daemon in RAM.', registers });
  const heap = new Gauge({ name: 'process_heap_bytes', help: 'JavaScript heap in use.', registers });
  const uptime = new Gauge({ name: 'process_uptime_seconds', help: 'Time since the daemon began.', registers });

  /** One reading of control feeds all gauges. */
  async function read(): Promise<void> {
    for (const gauge of [volumes, capacity, allocated, used, available, trash]) gauge.reset();
    const status = await control.status();
    for (const [state, number] of Object.entries(status.volumes_by_state)) volumes.set({ state }, number);
    for (const one of status.capacity.pools) {
      const labels = { pool: one.name, class: one.class };
      capacity.set(labels, one.capacity_bytes);
      allocated.set(labels, one.allocated_bytes);
      used.set(labels, one.used_bytes);
      available.set(labels, one.available_bytes);
      trash.set(labels, one.trash_bytes);
    }
    snapshots.set(status.counts.snapshots);
    running.set(status.counts.operations_running);
    problems.set(status.problems.length);
  }

  return {
    contentType: registry.contentType,
    async text() {
      await read().then(() => up.set(1), () => up.set(0));
      const { rss, heapUsed } = process.memoryUsage();
      resident.set(rss);
      heap.set(heapUsed);
      uptime.set(process.uptime());
      return registry.metrics();
    },
    answered(method, route, status, seconds) {
      requests.inc({ method, route, status: String(status) });
      duration.observe({ method, route }, seconds);
    },
    working: (change) => inWork.inc(change),
    refused: () => overload.inc(),
  };
}

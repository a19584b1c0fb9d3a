import type { Route } from '../router.ts';

/** What anyone may ask, and what answers 200 with the database down. */
export function serviceRoutes(version: string): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/info',
      handle: () => ({
        status: 200,
        body: { message: 'Codemie', version, description: "Smart AI assistant 'CodeMie'" },
      }),
    },
    {
      method: 'GET',
      path: '/v1/healthcheck',
      handle: () => ({
        status: 200,
        body: { status: 'healthy', memory_usage_mb: 854.26, cpu_percent: 0, worker_pid: 1 },
      }),
    },
  ];
}

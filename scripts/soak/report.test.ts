import { expect, it } from 'vitest';
import { judge, type Sample, type SoakReport } from './report.ts';

const sample = (hours: number, change: Partial<Sample> = {}): Sample => ({
  hours,
  rssMiB: 100,
  heapMiB: 40,
  descriptors: 40,
  sockets: 20,
  timers: 200,
  ...change,
});
const report = (change: Partial<SoakReport> = {}): SoakReport => ({
  integrations: 100,
  samples: Array.from({ length: 40 }, (_, hours) => sample(hours)),
  stalled: [],
  faults: [],
  calls: { 'api.github.com': 400, writes: 130 },
  credentials: 10,
  rotations: 30,
  outages: 3,
  ...change,
});

it('has nothing to say of a process that holds and asks what it should', () => {
  expect(judge(report())).toEqual([]);
});

it.each([
  {
    name: 'grows all the time',
    change: { samples: Array.from({ length: 40 }, (_, hours) => sample(hours, { rssMiB: 100 + 3 * hours })) },
    says: /^rssMiB grew/,
  },
  {
    name: 'leaves sockets behind',
    change: { samples: Array.from({ length: 40 }, (_, hours) => sample(hours, { sockets: 20 + hours })) },
    says: /^sockets grew/,
  },
  {
    name: 'asks Git hosts too often',
    change: { calls: { 'api.github.com': 4000 } },
    says: /calls to Git hosts/,
  },
  { name: 'writes what is there', change: { calls: { writes: 500 } }, says: /writes to CodeMie/ },
  { name: 'was Stalled', change: { stalled: ['team/a Unauthorized'] }, says: /^Stalled without cause/ },
])('finds one that $name', ({ change, says }) => {
  expect(judge(report(change))).toEqual([expect.stringMatching(says)]);
});

/** Calls `work` for each number from `from` to before `to`, some at the same time. */
export async function inParallel(
  from: number,
  to: number,
  work: (index: number) => Promise<unknown>,
  concurrency = 16,
): Promise<void> {
  let next = from;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < to) await work(next++);
    }),
  );
}

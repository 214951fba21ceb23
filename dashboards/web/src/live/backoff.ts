/** The wait before the next try: doubling, capped, and never the same on two pages. */
const FIRST_MS = 400
const LONGEST_MS = 5_000

export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10))
  return ceiling / 2 + (random() * ceiling) / 2
}

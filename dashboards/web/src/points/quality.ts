/** Quality of a value in words: the bit set of `community/quality.py`. */

export const QUALITY_BITS = {
  uncertain: 1,
  outOfRange: 2,
  stale: 4,
  communicationFailure: 8,
  clockSuspect: 16,
  simulated: 32,
  testMode: 64,
  disabled: 128,
} as const

export type QualityFlag = keyof typeof QUALITY_BITS

/** Worst first: a value with one of the first four says nothing about the world. */
const ORDER: readonly QualityFlag[] = [
  'communicationFailure',
  'disabled',
  'outOfRange',
  'stale',
  'testMode',
  'uncertain',
  'clockSuspect',
  'simulated',
]

const UNUSABLE =
  QUALITY_BITS.outOfRange | QUALITY_BITS.stale | QUALITY_BITS.communicationFailure | QUALITY_BITS.disabled

export function qualityFlags(quality: number): QualityFlag[] {
  return ORDER.filter((flag) => (quality & QUALITY_BITS[flag]) !== 0)
}

/** The flags a person must know about; "simulated" alone is said once for the site, not at every value. */
export function notableFlags(quality: number): QualityFlag[] {
  return qualityFlags(quality).filter((flag) => flag !== 'simulated')
}

export function usable(quality: number): boolean {
  return (quality & UNUSABLE) === 0
}

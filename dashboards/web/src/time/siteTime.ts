/** Times people type: they are the community's, whatever this machine's clock is set to. */
import { fullTime } from './instant'

export interface Typed {
  ms: number
  /** A clock that is put forward shows some times never, and one that is put back shows some twice. */
  comes: 'once' | 'never' | 'twice'
}

/** `2026-09-01T07:05`, as the community's clock shows it. */
export function wallTime(ms: number, timeZone: string | undefined): string {
  return fullTime(ms, timeZone).slice(0, 16).replace(' ', 'T')
}

/**
 * The instant of `2026-09-01T07:05` on the community's clock; null when that is no time. As the server reads such times
 * (RFC 5545, 3.3.5): one that never comes counts by the offset before it, of one that comes twice the first.
 */
export function typedTime(wall: string, timeZone: string | undefined): Typed | null {
  const asUtc = Date.parse(`${wall}Z`)
  if (!Number.isFinite(asUtc)) return null
  const [before, after] = [asUtc - DAY_MS, asUtc + DAY_MS].map((near) => asUtc - offset(near, timeZone)) as [number, number]
  const fits = [before, after].filter((ms) => wallTime(ms, timeZone) === wall)
  if (!fits.length) return { ms: before, comes: 'never' }
  return { ms: Math.min(...fits), comes: before !== after && fits.length === 2 ? 'twice' : 'once' }
}

/** Whether this machine's clock shows the community's time. */
export function isOwnTime(ms: number, timeZone: string | undefined): boolean {
  return timeZone === undefined || offset(ms, timeZone) === offset(ms, undefined)
}

/** `GMT+8` */
export function offsetName(ms: number, timeZone: string | undefined): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(ms)
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
}

const DAY_MS = 86_400_000

function offset(ms: number, timeZone: string | undefined): number {
  return Date.parse(`${fullTime(ms, timeZone).replace(' ', 'T')}Z`) - Math.floor(ms / 1000) * 1000
}

/** The current value of a point as it may be shown: a value, or the reason why there is none. */
import type { Point } from '@/api/types'
import { qualityFlags, usable, type QualityFlag } from './quality'

export interface LiveValue {
  value: number | null
  t: number | null
  quality: number
  fresh: boolean
}

/** What is dated further ahead than clocks differ gives way to a value of the present, as the server has it. */
const AHEAD_MS = 5_000

/** Whether a value of time `t` takes the place of `known`: it is no older, or the known one is from a clock that was put right. */
export function supersedes(t: number, known: LiveValue | undefined, now: number): boolean {
  if (known?.t == null || t >= known.t) return true
  return known.t > now + AHEAD_MS && Math.abs(t - now) <= AHEAD_MS
}

/** Of the present: a usable value that is no older than its point may be. */
export function isFresh(value: number | null, t: number, quality: number, freshForS: number, now: number): boolean {
  return value !== null && usable(quality) && now - t <= freshForS * 1000
}

export type Missing = 'never' | 'event' | 'noValue' | QualityFlag

export type Shown =
  | { kind: 'number'; text: string; unit: string; old: boolean }
  | { kind: 'state'; key: string; old: boolean }
  | { kind: 'missing'; why: Missing }

/** Decimals by unit, so that a value does not jump between 23 and 23.4; other units go by size. */
const DECIMALS: Record<string, number> = { '°C': 1, '%RH': 1, '%': 0, ppm: 0, ppb: 0, 'µg/m³': 0, m: 2, mm: 0, MPa: 2, 'dB(A)': 1, V: 1, A: 2, W: 0, kWh: 1, Hz: 2 }

export function formatNumber(value: number, unit = ''): string {
  const size = Math.abs(value)
  const known = DECIMALS[unit]
  const most = known ?? (size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2)
  const text = value.toLocaleString('en-US', { minimumFractionDigits: known ?? 0, maximumFractionDigits: most })
  return text.replace('-', '−')
}

/**
 * What stands in the place of the value. An unusable value is never shown as if it were one: out of range, disabled or
 * no communication give "—" and the reason; a merely old value is shown, marked old.
 */
export function shown(point: Pick<Point, 'kind' | 'unit'>, reading: LiveValue | undefined): Shown {
  if (point.kind === 'event') return { kind: 'missing', why: 'event' }
  if (!reading || reading.t === null) return { kind: 'missing', why: 'never' }
  if (!usable(reading.quality)) {
    const why = qualityFlags(reading.quality)[0] ?? 'noValue'
    if (why !== 'stale' || reading.value === null) return { kind: 'missing', why }
  }
  if (reading.value === null || !Number.isFinite(reading.value)) return { kind: 'missing', why: 'noValue' }
  const old = !reading.fresh || !usable(reading.quality)
  if (point.kind === 'boolean') return { kind: 'state', key: reading.value === 0 ? '0' : '1', old }
  return { kind: 'number', text: formatNumber(reading.value, point.unit), unit: point.unit, old }
}

/** Whether the point says something about the world now. Event points have no value to be old. */
export function isKnown(point: Pick<Point, 'kind'>, reading: LiveValue | undefined): boolean {
  if (point.kind === 'event') return true
  return !!reading && reading.value !== null && reading.fresh && usable(reading.quality)
}

/** A building in a few figures: how many points are known, and the values worth a glance. */
import type { Family, Point } from '@/api/types'
import { isKnown, type LiveValue } from '@/points/reading'

export interface KeyValue {
  /** i18n key under `overview.key`. */
  key: string
  value: number
  unit: string
  /** The point it comes from. */
  point: string
}

export interface BuildingSummary {
  devices: number
  points: number
  unknown: number
  unknownDevices: number
  keys: KeyValue[]
}

interface KeyKind {
  key: string
  measure: RegExp
  family?: Family
}

/** In the order they are shown; each is the highest value in the building. */
const KEY_KINDS: readonly KeyKind[] = [
  { key: 'fill', measure: /^fill$/ },
  { key: 'binTemperature', measure: /^bin-temperature$/ },
  { key: 'temperature', measure: /^temperature$/, family: 'environment' },
  { key: 'co2', measure: /^co2$/ },
  { key: 'level', measure: /level$/ },
  { key: 'pm25', measure: /^pm25$/ },
  { key: 'pressure', measure: /pressure$/ },
  { key: 'noise', measure: /^noise$/ },
  { key: 'humidity', measure: /^humidity$/ },
]

export function summarize(
  points: readonly Point[],
  readings: ReadonlyMap<string, LiveValue>,
  most = 3,
): BuildingSummary {
  const best = new Map<string, KeyValue>()
  const unknownDevices = new Set<string>()
  let unknown = 0
  for (const point of points) {
    const reading = readings.get(point.id)
    if (!isKnown(point, reading)) {
      unknown++
      unknownDevices.add(point.device)
      continue
    }
    if (point.kind !== 'number' || reading?.value == null) continue
    const kind = KEY_KINDS.find((k) => matches(k, point))
    const known = kind && best.get(kind.key)
    if (kind && (!known || reading.value > known.value)) {
      best.set(kind.key, { key: kind.key, value: reading.value, unit: point.unit, point: point.id })
    }
  }
  const keys = KEY_KINDS.flatMap((k) => best.get(k.key) ?? []).slice(0, most)
  return { devices: new Set(points.map((p) => p.device)).size, points: points.length, unknown, unknownDevices: unknownDevices.size, keys }
}

function matches(kind: KeyKind, point: Point): boolean {
  return kind.measure.test(point.measure) && (!kind.family || kind.family === point.family)
}

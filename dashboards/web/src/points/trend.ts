/** From buckets and live values to what a chart draws. Pure: gaps stay gaps, and no blip inside a bucket is lost. */
import type { Bucket, Series } from '@/api/types'
import { toMs } from '@/time/instant'

export interface Sample {
  t: number
  mean: number | null
  min: number | null
  max: number | null
  /** Of its expected readings, 0 to 1; null where none can be expected of so short a time. */
  coverage: number | null
}

/**
 * The distance beyond which two neighbours are not joined: well over the usual distance between readings, so that a
 * slow sensor is a line and a silent one is a gap.
 */
export function gapMs(times: readonly number[], stepMs: number): number {
  const distances: number[] = []
  for (let i = 1; i < times.length; i++) distances.push((times[i] ?? 0) - (times[i - 1] ?? 0))
  distances.sort((a, b) => a - b)
  const usual = distances[Math.floor(distances.length / 2)] ?? stepMs
  return Math.max(stepMs * 2.5, usual * 3.5)
}

function usableBuckets(series: Series): { t: number; bucket: Bucket }[] {
  return series.buckets
    .map((bucket) => ({ t: toMs(bucket.t) ?? 0, bucket }))
    .filter(({ bucket }) => bucket.count > 0)
    .sort((a, b) => a.t - b.t)
}

/** Samples of a number, with a null sample wherever the line must break. */
export function samples(series: Series): Sample[] {
  const buckets = usableBuckets(series)
  const limit = gapMs(buckets.map((b) => b.t), series.step_ms)
  const result: Sample[] = []
  let before: number | null = null
  for (const { t, bucket } of buckets) {
    if (before !== null && t - before > limit) result.push(hole(before + series.step_ms))
    const mean = bucket.mean ?? bucket.last
    result.push(mean === null ? hole(t) : { t, mean, min: bucket.min ?? mean, max: bucket.max ?? mean, coverage: bucket.coverage })
    before = t
  }
  return result
}

function hole(t: number): Sample {
  return { t, mean: null, min: null, max: null, coverage: null }
}

/** Steps of a state. A change that came and went inside one bucket still shows. */
export function steps(series: Series): [number, number | null][] {
  const buckets = usableBuckets(series)
  const limit = gapMs(buckets.map((b) => b.t), series.step_ms)
  const result: [number, number | null][] = []
  let before: { t: number; last: number | null } | null = null
  for (const { t, bucket } of buckets) {
    if (before !== null && t - before.t > limit) {
      result.push([before.t + series.step_ms, before.last], [before.t + series.step_ms + 1, null])
    }
    const { first, last, min, max } = bucket
    result.push([t, first])
    if (first !== null && last !== null && min !== null && max !== null && min !== max) {
      if (first === last) result.push([t + series.step_ms / 3, first === max ? min : max])
      result.push([t + (2 * series.step_ms) / 3, last])
    }
    before = { t, last }
  }
  return result
}

export interface Mark {
  from: number
  to: number | null
  grade: 'low' | 'medium' | 'high'
  name: string
}

import { expect, test } from 'vitest'
import type { Bucket, Series } from '@/api/types'
import { percent } from '@/points/coverage'
import { gapMs, samples, steps } from '@/points/trend'

const MINUTE = 60_000

function bucket(minute: number, value: number | null, more: Partial<Bucket> = {}): Bucket {
  const t = new Date(minute * MINUTE).toISOString()
  return { t, first: value, last: value, min: value, max: value, mean: value, count: 1, quality: 0, usable: value === null ? 0 : 1, coverage: null, ...more }
}

function series(buckets: Bucket[], step_ms = MINUTE): Series {
  return { point: 'd.m', start: new Date(0).toISOString(), end: new Date(0).toISOString(), step_ms, every_s: 60, expected: 0, covered: 0, coverage: null, buckets }
}

test('a gap stays a gap', () => {
  const minutes = [0, 1, 2, 3, 30, 31].map((m) => bucket(m, m))
  const means = samples(series(minutes)).map((s) => s.mean)
  expect(means).toEqual([0, 1, 2, 3, null, 30, 31])
})

test('a slow sensor is a line, not a row of gaps', () => {
  const everyTen = [0, 10, 20, 30, 40].map((m) => bucket(m, m))
  expect(samples(series(everyTen)).map((s) => s.mean)).toEqual([0, 10, 20, 30, 40])
  expect(gapMs([0, 10, 20].map((m) => m * MINUTE), MINUTE)).toBe(35 * MINUTE)
})

test('a bucket with no usable reading breaks the line', () => {
  const means = samples(series([bucket(0, 1), bucket(1, null), bucket(2, 3)])).map((s) => s.mean)
  expect(means).toEqual([1, null, 3])
})

test('the band is from the least to the greatest', () => {
  const [sample] = samples(series([bucket(0, 20, { min: 18, max: 25 })]))
  expect(sample).toMatchObject({ mean: 20, min: 18, max: 25 })
})

test('a state that came and went within one bucket still shows', () => {
  const blip = bucket(1, 0, { first: 0, last: 0, min: 0, max: 1, mean: 0.1, count: 3 })
  const values = steps(series([bucket(0, 0), blip, bucket(2, 0)])).map(([, v]) => v)
  expect(values).toContain(1)
  expect(values.at(-1)).toBe(0)
})

test('a change of state is kept, and silence is not a state', () => {
  const values = steps(series([bucket(0, 0), bucket(1, 0, { first: 0, last: 1, min: 0, max: 1 }), bucket(2, 1), bucket(60, 1)]))
  expect(values.map(([, v]) => v)).toEqual([0, 0, 1, 1, 1, null, 1])
  expect(values.every(([t], n) => n === 0 || t >= (values[n - 1]?.[0] ?? 0))).toBe(true)
})

test('a share is whole only when nothing is missing, and none only when nothing is there', () => {
  expect([1, 0.99999, 0.9834, 0.0001, 0].map(percent)).toEqual(['100 %', '99.9 %', '98.3 %', '0.1 %', '0 %'])
})

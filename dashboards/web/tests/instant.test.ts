import { expect, test } from 'vitest'
import { clockTime, countdown, exactTime, fullTime, shortTime, spanParts, toMs } from '@/time/instant'

const ZONE = 'Asia/Shanghai'
const NOON = '2026-09-22T04:05:06.078Z'

test('instants come as RFC 3339 or Unix ms, or not at all', () => {
  expect(toMs(NOON)).toBe(1_790_049_906_078)
  expect(toMs(5)).toBe(5)
  expect(toMs(null)).toBeNull()
  expect(toMs('soon')).toBeNull()
})

test('times are those of the community, not of the machine', () => {
  expect(clockTime(NOON, ZONE)).toBe('12:05:06')
  expect(exactTime(NOON, ZONE)).toBe('12:05:06.078')
  expect(fullTime(NOON, ZONE)).toBe('2026-09-22 12:05:06')
  expect(clockTime('2026-09-21T16:00:00Z', ZONE)).toBe('00:00:00')
})

test('today needs no date', () => {
  expect(shortTime(NOON, Date.parse('2026-09-22T15:59:59Z'), ZONE)).toBe('12:05:06')
  expect(shortTime(NOON, Date.parse('2026-09-22T16:00:00Z'), ZONE)).toBe('09-22 12:05:06')
})

test('no instant is a dash', () => {
  expect([clockTime(null), exactTime(undefined), fullTime(''), shortTime(null, 0)]).toEqual(['—', '—', '—', '—'])
})

test('spans are said in one or two units', () => {
  expect(spanParts(42_900)).toEqual([[42, 'second']])
  expect(spanParts(200_000)).toEqual([[3, 'minute'], [20, 'second']])
  expect(spanParts(180_000)).toEqual([[3, 'minute']])
  expect(spanParts(1_500_000)).toEqual([[25, 'minute']])
  expect(spanParts(7_500_000)).toEqual([[2, 'hour'], [5, 'minute']])
  expect(spanParts(-90_000_000)).toEqual([[1, 'day'], [1, 'hour']])
})

test('a countdown reaches zero when the time is up, and then counts what it is late', () => {
  expect(countdown(59_001)).toBe('01:00')
  expect(countdown(500)).toBe('00:01')
  expect(countdown(0)).toBe('00:00')
  expect(countdown(-1)).toBe('−00:01')
  expect(countdown(3_661_000)).toBe('1:01:01')
})

import { expect, test } from 'vitest'
import { callOf, MUTE_MS, silences } from '@/alarms/mute'

const alarm = (id: string, more = {}) => ({ id, raised_at: '2026-11-23T10:00:00.000Z', raised_again_at: null, called_again_at: null, ...more })

test('a mute ends by itself', () => {
  const calls = [callOf(alarm('a'))]
  const mute = { until: MUTE_MS, covers: calls }
  expect(silences(mute, calls, MUTE_MS - 1)).toBe(true)
  expect(silences(mute, calls, MUTE_MS)).toBe(false)
  expect(silences(null, calls, 0)).toBe(false)
})

test('a new high alarm is heard through it', () => {
  const old = callOf(alarm('a'))
  const mute = { until: MUTE_MS, covers: [old] }
  expect(silences(mute, [old, callOf(alarm('b'))], 1)).toBe(false)
  expect(silences(mute, [callOf(alarm('b'))], 1)).toBe(false)
  expect(silences({ until: MUTE_MS, covers: [] }, [old], 1)).toBe(false)
})

test('an alarm that comes back or calls again is another call', () => {
  const before = callOf(alarm('a'))
  expect(callOf(alarm('a', { raised_again_at: '2026-11-23T10:05:00.000Z' }))).not.toBe(before)
  expect(callOf(alarm('a', { called_again_at: '2026-11-23T10:05:00.000Z' }))).not.toBe(before)
  expect(callOf(alarm('a', { note: 'seen' }))).toBe(before)
})

// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Point } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { isKnown, shown } from '@/points/reading'

const NOW = Date.parse('2026-09-22T03:00:00Z')
const SMOKE = 'smoke-b3-f1-a.smoke'
const STATE = { kind: 'boolean', unit: '' } as const

/** What the server answers for the list of points, until it is changed. */
let answer: Partial<Point> = {}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  setActivePinia(createPinia())
  answer = { value: 0, t: new Date(NOW - 1000).toISOString(), fresh: true }
  vi.stubGlobal('fetch', (url: string) => {
    const row = { id: SMOKE, device: 'smoke-b3-f1-a', measure: 'smoke', zone: 'b3', building: 'b3', name: { zh: '烟雾', en: 'Smoke' }, unit: '', family: 'fire', kind: 'boolean', states: {}, low: null, high: null, gateway: 'gw-east', quality: 0, fresh_for_s: 90, ...answer }
    const items = url.includes('/points') ? [row] : []
    return Promise.resolve(new Response(JSON.stringify({ items, next: null }), { headers: { 'Content-Type': 'application/json' } }))
  })
})
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals() })

const now = (community: ReturnType<typeof useCommunity>) => community.readings.get(SMOKE)

test('a value that came before the list of points stays, and the older one of the list does not undo it', async () => {
  const community = useCommunity()
  community.applyReadings([[SMOKE, NOW, 1, 0]])
  expect(shown(STATE, now(community))).toEqual({ kind: 'state', key: '1', old: false })
  await community.load()
  expect(shown(STATE, now(community))).toEqual({ kind: 'state', key: '1', old: false })
})

test('a server that began anew knows no value: what is known here stays, and says that it is old', async () => {
  const community = useCommunity()
  community.applyReadings([[SMOKE, NOW, 1, 0]])
  answer = { value: null, t: null, fresh: false }
  await community.load()
  expect(shown(STATE, now(community))).toEqual({ kind: 'state', key: '1', old: true })
})

test('what a backlog brings after an outage is not shown as live', async () => {
  const community = useCommunity()
  answer = { value: 0, t: new Date(NOW - 7_200_000).toISOString(), fresh: false }
  await community.load()
  community.applyReadings([[SMOKE, NOW - 3_600_000, 0, 0]])
  expect(shown(STATE, now(community))).toMatchObject({ old: true })
  community.applyReadings([[SMOKE, NOW - 500, 1, 0]])
  expect(isKnown(STATE, now(community))).toBe(true)
})

test('without news a value becomes old by itself, and at once when its gateway is away', async () => {
  const community = useCommunity()
  await community.load()
  vi.setSystemTime(NOW + 88_000)
  community.age()
  expect(isKnown(STATE, now(community))).toBe(true)
  vi.setSystemTime(NOW + 90_000)
  community.age()
  expect(isKnown(STATE, now(community))).toBe(false)
  community.applyReadings([[SMOKE, NOW + 90_000, 0, 0]])
  community.gatewayAway('gw-west')
  expect(isKnown(STATE, now(community))).toBe(true)
  community.gatewayAway('gw-east')
  expect(shown(STATE, now(community))).toEqual({ kind: 'state', key: '0', old: true })
})

test('a clock that was put right does not keep an old value in the place of an alarm', () => {
  const community = useCommunity()
  community.applyReadings([[SMOKE, NOW + 300_000, 0, 0]])
  community.applyReadings([[SMOKE, NOW - 60_000, 1, 0]])
  expect(now(community)?.value).toBe(0)
  community.applyReadings([[SMOKE, NOW - 200, 1, 0]])
  expect(now(community)?.value).toBe(1)
})

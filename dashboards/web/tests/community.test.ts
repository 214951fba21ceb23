import { expect, test } from 'vitest'
import type { Alarm, Grade, Point } from '@/api/types'
import { byUrgency, wantsSound, worstGrade } from '@/alarms/order'
import { summarize } from '@/community/summary'
import { zoneTree } from '@/community/zones'
import type { LiveValue } from '@/points/reading'

const zone = (id: string, parent: string | null) => ({ id, parent, name: { zh: id, en: '' }, kind: 'building', building: null })

test('zones make a tree, in the order of the site', () => {
  const tree = zoneTree([zone('b2', null), zone('b1', null), zone('b1-f1', 'b1'), zone('b1-f1-a', 'b1-f1')])
  expect(tree.roots.map((z) => z.id)).toEqual(['b2', 'b1'])
  expect(tree.rootOf('b1-f1-a')).toBe('b1')
  expect(tree.pathOf('b1-f1-a').map((z) => z.id)).toEqual(['b1', 'b1-f1', 'b1-f1-a'])
  expect(tree.within('b1').map((z) => z.id)).toEqual(['b1', 'b1-f1', 'b1-f1-a'])
  expect(tree.rootOf('nowhere')).toBe('nowhere')
})

function point(id: string, more: Partial<Point> = {}): Point {
  const [device = '', measure = ''] = id.split('.')
  return {
    id, device, measure, zone: 'b1', building: 'b1', name: { zh: id, en: '' }, unit: '°C', family: 'environment',
    kind: 'number', states: {}, low: null, high: null, gateway: 'g', value: null, t: null, quality: 0, fresh_for_s: 90, fresh: false, ...more,
  }
}

const now = (value: number, fresh = true): LiveValue => ({ value, t: 1, quality: 0, fresh })

test('a building shows its highest values, and counts what is not known', () => {
  const points = [point('a.temperature'), point('b.temperature'), point('c.co2', { unit: 'ppm' }), point('d.smoke', { kind: 'boolean' })]
  const readings = new Map([['a.temperature', now(21)], ['b.temperature', now(24)], ['c.co2', now(900, false)]])
  const summary = summarize(points, readings)
  expect(summary).toMatchObject({ devices: 4, points: 4, unknown: 2 })
  expect(summary.keys).toEqual([{ key: 'temperature', value: 24, unit: '°C', point: 'b.temperature' }])
})

function alarm(id: string, grade: Grade, more: Partial<Alarm> = {}): Alarm {
  return {
    id, site: 's', rule: 'r', scope: 'x', zone: 'b1', grade, state: 'unacknowledged', message: { zh: id, en: '' }, action: null,
    latch: false, value: 1, points: [], raised_at: '2026-09-22T00:00:00Z', acknowledged_at: null, acknowledged_by: null,
    acknowledge_note: null, cleared_at: null, late: false, simulated: false, test: false, plan: null, ticket: null,
    activation: null, chatters: false, clock_ms: 0, version: 1, ...more,
  }
}

test('what nobody has seen comes first, then the graver, then the newer', () => {
  const alarms = [
    alarm('seen-high', 'high', { state: 'acknowledged' }),
    alarm('old-low', 'low'),
    alarm('new-medium', 'medium', { raised_at: '2026-09-22T01:00:00Z' }),
    alarm('old-medium', 'medium'),
    alarm('test-high', 'high', { test: true }),
    alarm('high', 'high'),
  ]
  expect(alarms.sort(byUrgency).map((a) => a.id)).toEqual(['high', 'new-medium', 'old-medium', 'old-low', 'seen-high', 'test-high'])
})

test('only a high alarm of the present that nobody has seen makes a sound', () => {
  expect(wantsSound(alarm('a', 'high'))).toBe(true)
  expect(wantsSound(alarm('a', 'medium'))).toBe(false)
  expect(wantsSound(alarm('a', 'high', { state: 'acknowledged' }))).toBe(false)
  expect(wantsSound(alarm('a', 'high', { late: true }))).toBe(false)
  expect(wantsSound(alarm('a', 'high', { test: true }))).toBe(false)
})

test('the worst grade of none is none', () => {
  expect(worstGrade([])).toBeNull()
  expect(worstGrade([alarm('a', 'low'), alarm('b', 'high')])).toBe('high')
})

// @vitest-environment happy-dom
import { enableAutoUnmount, flushPromises } from '@vue/test-utils'
import { afterEach, expect, test } from 'vitest'
import type { Drill, Point, Round, Site, Zone } from '@/api/types'
import CauseList from '@/alarms/CauseList.vue'
import LoadPage from '@/alarms/LoadPage.vue'
import { useCommunity } from '@/community/useCommunity'
import DrillPage from '@/drills/DrillPage.vue'
import RoundPage from '@/facilities/RoundPage.vue'
import RoundsPage from '@/facilities/RoundsPage.vue'
import { language } from '@/i18n'
import { open } from './page'

language.value = 'en'
enableAutoUnmount(afterEach)

function knowing(): void {
  const community = useCommunity()
  community.site = { people: { 'chen-gang': '陈刚' } } as unknown as Site
  community.zones = [{ id: 'b2', parent: null, name: { zh: '2号楼', en: 'Building 2' } }] as unknown as Zone[]
  community.points = new Map([['smoke-b2.smoke', { id: 'smoke-b2.smoke', device: 'smoke-b2', zone: 'b2', kind: 'boolean', name: { zh: '烟雾', en: 'Smoke' }, states: {} } as unknown as Point]])
}

const done = { id: 'r1', name: { zh: '', en: 'Round' }, version: 3, state: 'done', left: 0, failed: 0, questions: [], answers: {}, photos: [], started_by: 'chen-gang', ended_at: '2026-11-01T00:00:00Z' } as unknown as Round

test.each([
  [RoundPage, { id: 'r1' }, { 'GET /inspections/r1': done, 'GET /facilities': [] }],
  [RoundsPage, {}, { 'GET /inspections': { items: [done], next: null }, 'GET /inspections/routes': [] }],
])('who walked a round is read by name', async (component, props, answers) => {
  const { page } = await open(component, props, answers)
  knowing()
  await flushPromises()
  expect(page.text()).toContain('陈刚')
  expect(page.text()).not.toContain('chen-gang')
})

test('where a rule alarms most often, and which detectors raised an alarm, is read by name and place', async () => {
  const worst = [{ rule: 'smoke', grade: 'high', count: 2, standing_ms: 1000, worst: 'smoke-b2.smoke' }, { rule: 'fire', grade: 'high', count: 1, standing_ms: 1000, worst: 'b2' }]
  const load = { alarms: 3, per_10_min: 0, per_day: 0, peak_10_min: 1, floods: 0, flooded_percent: 0, standing: 0, stale: 0, chattering: 0, top_ten_share: 0, unacknowledged: 0, acknowledge_median_ms: null, acknowledge_p90_ms: null, share: {}, tickets: 0, aims: { per_10_min: 1, per_day: 144, peak_10_min: 10, floods: 0, flooded_percent: 1, stale: 0, chattering: 0, top_ten_share: 5, share: {} }, worst }
  const { page } = await open(LoadPage, {}, { 'GET /alarm-load': load })
  knowing()
  await flushPromises()
  expect(page.findAll('tbody tr').map((row) => row.findAll('td').at(-1)?.text())).toEqual(['Smoke · Building 2', 'Building 2'])
  expect(page.text()).toContain('aim 0')
  const causes = await open(CauseList, { causes: [{ point: 'smoke-b2.smoke', value: 1, quality: 0, at: '2026-11-01T00:00:00Z' }] }, {})
  knowing()
  await flushPromises()
  expect(causes.page.text()).toContain('Smoke smoke-b2')
})

test('the devices of a drill are read by their place', async () => {
  const drill = { id: 'd1', version: 1, kind: 'fire', state: 'planned', plan: 'fire', plan_name: { zh: '', en: 'Fire' }, level: 'high', zone: 'b2', content: '', participants: [], devices: ['smoke-b2'], history: [], planned_at: '2026-11-01T00:00:00Z' } as unknown as Drill
  const { page } = await open(DrillPage, { id: 'd1' }, { 'GET /drills/d1': drill })
  knowing()
  await flushPromises()
  expect(page.text()).toContain('Building 2 · smoke-b2')
})

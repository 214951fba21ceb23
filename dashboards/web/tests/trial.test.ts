// @vitest-environment happy-dom
import { enableAutoUnmount, flushPromises } from '@vue/test-utils'
import { afterEach, expect, test } from 'vitest'
import type { Point, Site, Trial, Zone } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { language } from '@/i18n'
import TrialResult from '@/rules/TrialResult.vue'
import { open } from './page'

enableAutoUnmount(afterEach)
afterEach(() => { language.value = 'en' })

const moment = '2026-11-01T08:00:00Z'
const episode = (scope: string, value: number | null) => ({ rule: 'heat', scope, grade: 'high', raised_at: moment, cleared_at: null, value })
const trial = (of: Partial<Trial>) => ({ id: 't', state: 'done', readings: 10, problem: '', begin: moment, end: moment, result: null, ...of }) as Trial
const result = {
  alarms: 30, tickets: 0, per_10_min: 0.2, peak_10_min: 12, acceptable: false, both: 1, only_old: [], only_old_count: 0, standing: 0, stood: [], cold: [], warm_from: null, before: null,
  only_new: [episode('env-1.temperature', 41.34), episode('env-1.smoke', 1), episode('b3', null)], only_new_count: 3,
} as unknown as Trial['result']

async function shown(of: Trial) {
  const { page } = await open(TrialResult, { trial: of }, {})
  const community = useCommunity()
  community.zones = [{ id: 'b3', parent: null, name: { zh: '3号楼', en: 'Building 3' } }] as unknown as Zone[]
  const point = (id: string, en: string, more: Partial<Point>): [string, Point] => [id, { id, zone: 'b3', name: { zh: '', en }, states: {}, ...more } as unknown as Point]
  community.points = new Map([point('env-1.temperature', 'Temperature', { kind: 'number', unit: '°C' }), point('env-1.smoke', 'Smoke', { kind: 'boolean', unit: '', states: { 0: { zh: '', en: 'No smoke' }, 1: { zh: '', en: 'Smoke' } } })])
  community.site = { rules: [{ id: 'heat', name: { zh: '', en: 'It is hot' } }], people: {} } as unknown as Site
  await flushPromises()
  return page
}

test('what a changed rule would have raised is read by names, values with their units, and aims in words', async () => {
  language.value = 'en'
  const page = await shown(trial({ result }))
  const rows = page.get('[data-testid=trial-onlyNew]').findAll('p').map((row) => row.text().replace(/^[\d-]+ [\d:]+ /, ''))
  expect(rows).toEqual(['It is hot · Temperature · Building 3 · 41.3 °C', 'It is hot · Smoke · Building 3 · Smoke', 'It is hot · Building 3'])
  expect(page.get('[data-testid=trial-load]').text()).toContain('at most 10')
})

test('why a trial failed is said in the language that is on', async () => {
  language.value = 'zh-CN'
  expect((await shown(trial({ state: 'failed', problem: 'not done within 900 s; try fewer days' }))).text()).toContain('900 秒内未能完成')
})

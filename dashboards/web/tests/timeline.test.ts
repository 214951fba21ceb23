// @vitest-environment happy-dom
import { readFileSync } from 'node:fs'
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Activation, GatewayStatus, Point, Site, Zone } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { i18n, language } from '@/i18n'
import { useTimelineWords } from '@/plans/useTimelineWords'
import { usePlatform } from '@/platform/usePlatform'

const activation = { steps: [{ id: 'release', name: { zh: '打开疏散门', en: 'Unlock the escape doors' } }, { id: 'call-119', name: { zh: '拨打119报警', en: 'Call 119' } }] } as unknown as Activation
/** What the report that is printed says too (tests/unit/api/test_report.py). */
const LINES = JSON.parse(readFileSync('../../tests/data/record_words.json', 'utf8')) as { what: string; detail: string; zh: string; en: string }[]

test.each(['zh-CN', 'en'] as const)('every line of the timeline is in the language that is on (%s): steps, points, places, roles, people and outcomes have names', (on) => {
  setActivePinia(createPinia())
  language.value = on
  const community = useCommunity()
  const point = (id: string, zh: string, en: string): [string, Point] => [id, { id, name: { zh, en } } as Point]
  community.points = new Map([point('doors-b3.relay-1', '单元门锁', 'Entrance lock'), point('doors-b3.relay-2', '东楼梯门锁', 'East stair lock')])
  community.zones = [{ id: 'b3', parent: null, name: { zh: '3号楼', en: 'Building 3' } }] as unknown as Zone[]
  community.site = { people: { 'li-na': '李娜' } } as unknown as Site
  usePlatform().applyGateway({ id: 'gw-east', interlocks: [{ id: 'b3-release', name: { zh: '3号楼火警开门', en: 'Building 3 fire release' } }] } as unknown as GatewayStatus)
  let said: string[] = []
  mount(defineComponent({
    setup() {
      const words = useTimelineWords(() => activation)
      said = LINES.map(({ what, detail }) => words({ at: '', by: 'system', what, detail }))
      return () => h('p')
    },
  }), { global: { plugins: [i18n] } })
  expect(said).toEqual(LINES.map((line) => line[on === 'en' ? 'en' : 'zh']))
})

test('every kind of line has its title in both languages', () => {
  for (const locale of ['zh-CN', 'en'] as const) for (const { what } of LINES) expect(i18n.global.te(`timeline.${what}`, locale), what).toBe(true)
})

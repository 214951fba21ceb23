// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Activation, Point, Site } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { i18n, language } from '@/i18n'
import { useTimelineWords } from '@/plans/useTimelineWords'

const activation = { steps: [{ id: 'release', name: { zh: '打开疏散门', en: 'Unlock the escape doors' } }, { id: 'call-119', name: { zh: '拨打119报警', en: 'Call 119' } }] } as unknown as Activation
const LINES: [what: string, detail: string, zh: string][] = [
  ['commanded', 'release: doors-b3.relay-1, doors-b3.relay-2', '打开疏散门：单元门锁、东楼梯门锁'],
  ['command-done', 'doors-b3.relay-1: done', '单元门锁：已执行'],
  ['command-answered', 'doors-b3.relay-1: expired, no answer from the gateway', '单元门锁：已过期、网关没有应答'],
  ['output-not-restored', 'doors-b3.relay-1: refused, life safety: held by interlock b3-release, until a person resets it', '单元门锁：被拒绝、由联动 b3-release 保持现状，须有人在“平台”页复位该联动后才能恢复'],
  ['step-failed', "release: doors-b3.relay-1: failed, reads back 0; now the commander's", '打开疏散门：单元门锁：执行失败、回读为 0，与指令不符，转由总指挥处理'],
  ['step-failed', "call-119: it waited for release; now the commander's", '拨打119报警：一直在等待：打开疏散门，转由总指挥处理'],
  ['step-failed', "release: nothing of that kind to command here; now the commander's", '打开疏散门：此处没有可动作的该类设备，转由总指挥处理'],
  ['step-failed', "call-119: not reached: commander, first-aid; now the commander's", '拨打119报警：未通知到：指挥、救护组，转由总指挥处理'],
  ['telling', 'call-119: commander, first-aid', '拨打119报警：指挥、救护组'],
  ['not-told', 'call-119: 赵磊 (first-aid), sms: unset:ZHAO_LEI_PHONE', '拨打119报警：赵磊（救护组）短信：未配置 ZHAO_LEI_PHONE'],
  ['told', 'call-119: 赵磊 (first-aid), sms: handed over', '拨打119报警：赵磊（救护组），已交给短信'],
  ['step-late', 'call-119: escalated to the commander', '拨打119报警：已上报总指挥'],
  ['level-up', 'medium -> high: 火势蔓延', '中 → 高：火势蔓延'],
  ['headcount-confirmed', '清点 1 人，未到 0 人 / 1 counted, 0 missing', '清点 1 人，未到 0 人'],
  ['step-done', 'call-119: 清点 1 人，未到 0 人 / 1 counted, 0 missing', '拨打119报警：清点 1 人，未到 0 人'],
  ['activate', 'nobody stood it down in time', '规定时间内无人解除'],
  ['investigating', 'in force in 120 s unless stood down', '120 秒内未解除即生效'],
  ['standby', 'somebody has to answer within 15 s', '15 秒内须有人应答'],
  ['command-asked', 'li-na', '李娜'],
  ['stand-down', '虚惊一场 / a false alarm', '虚惊一场'],
]

test('every line of the timeline is in Chinese on a Chinese page: steps, points, roles, people and outcomes have names', () => {
  setActivePinia(createPinia())
  language.value = 'zh-CN'
  const community = useCommunity()
  const point = (id: string, zh: string): [string, Point] => [id, { id, name: { zh, en: '' } } as Point]
  community.points = new Map([point('doors-b3.relay-1', '单元门锁'), point('doors-b3.relay-2', '东楼梯门锁')])
  community.site = { people: { 'li-na': '李娜' } } as unknown as Site
  let said: string[] = []
  mount(defineComponent({
    setup() {
      const words = useTimelineWords(() => activation)
      said = LINES.map(([what, detail]) => words({ at: '', by: 'system', what, detail }))
      return () => h('p')
    },
  }), { global: { plugins: [i18n] } })
  expect(said).toEqual(LINES.map(([, , zh]) => zh))
})

test('every kind of line has its title in both languages', () => {
  for (const locale of ['zh-CN', 'en'] as const) for (const [what] of LINES) expect(i18n.global.te(`timeline.${what}`, locale), what).toBe(true)
})

// @vitest-environment happy-dom
/** Alarms the database could not take: on the page at once, without what they do not have, and once when they are recorded. */
import { describe, expect, it } from 'vitest'
import AlarmsPage from '@/alarms/AlarmsPage.vue'
import { notOnRecord } from '@/alarms/order'
import UnrecordedBanner from '@/alarms/UnrecordedBanner.vue'
import { useAlarms } from '@/alarms/useAlarms'
import type { Alarm, Unrecorded, UnrecordedAlarm } from '@/api/types'
import { i18n } from '@/i18n'
import { open } from './page'

const RAISED = '2026-09-22T03:15:30.000Z'
const fire = {
  id: 'jinxiu:smoke:a.smoke:1', rule: 'smoke', scope: 'a.smoke', zone: 'b3-f1', grade: 'high', state: 'unacknowledged', points: ['a.smoke'],
  message: { zh: '烟雾报警', en: 'Smoke' }, raised_at: RAISED, version: 1, told: ['wang-wei'],
} as unknown as UnrecordedAlarm
const said: Unrecorded = { items: [fire], left_off: 0, silent_since: null }
const empty = { items: [], next: null }

describe('an alarm that is not on record', () => {
  it('is the recorded one as soon as that is known, also where it came again', () => {
    const before = { ...fire, id: 'x', raised_at: '2026-09-22T03:00:00.000Z' } as Alarm
    expect(notOnRecord([fire], [])).toEqual([fire])
    expect(notOnRecord([fire], [before, { ...fire, rule: 'other' } as Alarm])).toEqual([fire])
    expect(notOnRecord([fire], [{ ...fire } as Alarm])).toEqual([])
    expect(notOnRecord([fire], [{ ...before, raised_again_at: RAISED } as Alarm])).toEqual([])
  })

  it('is shown among the others, although the record cannot be read, and cannot be acknowledged', async () => {
    i18n.global.locale.value = 'zh-CN'
    const { page } = await open(AlarmsPage, {}, { 'GET /alarms': 503, 'GET /alarms/unrecorded': said }, ['safety-officer'])
    const row = page.get('[data-testid="alarm-row"]')
    expect(row.text()).toContain('烟雾报警')
    expect(row.text()).toContain('尚未存档')
    expect(row.text()).toContain('已通知：wang-wei')
    expect(row.find('[data-testid="alarm-acknowledge"]').exists()).toBe(false)
    const alarms = useAlarms()
    const recorded = Object.fromEntries(Object.entries(fire).filter(([key]) => key !== 'told')) as unknown as Alarm
    alarms.apply(recorded)
    await page.vm.$nextTick()
    expect(page.findAll('[data-testid="alarm-row"]').length).toBe(1)
    expect(page.text()).not.toContain('尚未存档')
    expect(page.find('[data-testid="alarm-acknowledge"]').exists()).toBe(true)
  })

  it('is said on every page, and since when nobody stands for it', async () => {
    i18n.global.locale.value = 'en'
    const { page } = await open(UnrecordedBanner, {}, { 'GET /alarms': empty, 'GET /alarms/unrecorded': { ...said, silent_since: RAISED } })
    expect(page.text()).toContain('Alarms not on record: 1')
    expect(page.text()).toContain('has not been heard since')
    useAlarms().applyUnrecorded({ items: [], left_off: 0, silent_since: null })
    await page.vm.$nextTick()
    expect(page.find('[data-testid="unrecorded-banner"]').exists()).toBe(false)
  })
})

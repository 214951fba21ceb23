// @vitest-environment happy-dom
/** Times people type are the community's, on every day of the year and on whatever machine. */
import { enableAutoUnmount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { Site } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { i18n } from '@/i18n'
import { isOwnTime, offsetName, typedTime, wallTime } from '@/time/siteTime'
import SiteTimeInput from '@/time/SiteTimeInput.vue'
import { open } from './page'

enableAutoUnmount(afterEach)
const HOUR = 3_600_000
const iso = (wall: string, zone: string) => { const typed = typedTime(wall, zone); return typed && [new Date(typed.ms).toISOString(), typed.comes] }
/** A zone this machine is not in. */
const FAR = isOwnTime(0, 'Asia/Shanghai') ? 'America/New_York' : 'Asia/Shanghai'

describe('a time somebody types', () => {
  it('is read on the community’s clock', () => {
    expect(iso('2026-09-22T07:05', 'Asia/Shanghai')).toEqual(['2026-09-21T23:05:00.000Z', 'once'])
    expect(iso('2026-09-22T07:05', 'America/New_York')).toEqual(['2026-09-22T11:05:00.000Z', 'once'])
    expect(iso('', 'Asia/Shanghai')).toBeNull()
    expect(wallTime(Date.parse('2026-09-21T23:05:40Z'), 'Asia/Shanghai')).toBe('2026-09-22T07:05')
  })

  it('that never comes counts by the offset before, one that comes twice is the first, as the server has it', () => {
    expect(iso('2026-03-29T02:30', 'Europe/Berlin')).toEqual(['2026-03-29T01:30:00.000Z', 'never'])
    expect(iso('2026-10-25T02:30', 'Europe/Berlin')).toEqual(['2026-10-25T00:30:00.000Z', 'twice'])
    expect(iso('2026-10-25T03:00', 'Europe/Berlin')).toEqual(['2026-10-25T02:00:00.000Z', 'once'])
    expect(iso('2026-10-04T02:10', 'Australia/Lord_Howe')).toEqual(['2026-10-03T15:40:00.000Z', 'never'])
  })

  it('comes back as it was typed, every half hour around a change of the clock', () => {
    for (const [zone, day] of [['Europe/Berlin', Date.UTC(2026, 9, 25)], ['America/St_Johns', Date.UTC(2026, 2, 8)]] as const) {
      for (let ms = day - 30 * HOUR; ms < day + 30 * HOUR; ms += HOUR / 2) {
        const typed = typedTime(wallTime(ms, zone), zone)
        expect(typed?.ms === ms || typed?.comes === 'twice').toBe(true)
      }
    }
  })
})

describe('where a time is typed', () => {
  it('the clock is named where this machine’s shows another time, and nowhere else', async () => {
    i18n.global.locale.value = 'en'
    const at = Date.parse('2026-09-22T04:05:00Z')
    const { page } = await open(SiteTimeInput, { modelValue: at, label: 'when' }, {})
    const community = useCommunity()
    for (const [timezone, named] of [[FAR, true], [Intl.DateTimeFormat().resolvedOptions().timeZone, false]] as const) {
      community.site = { timezone, people: {} } as unknown as Site
      await page.vm.$nextTick()
      expect(page.get('input').element.value).toBe(wallTime(at, timezone))
      expect(page.find('[data-testid="site-time-zone"]').exists()).toBe(named)
      if (named) expect(page.text()).toContain(offsetName(at, timezone))
    }
  })

  it('what is typed is the community’s', async () => {
    const { page } = await open(SiteTimeInput, { modelValue: null, label: 'when' }, {})
    useCommunity().site = { timezone: 'Asia/Shanghai', people: {} } as unknown as Site
    await page.get('input').setValue('2026-09-22T07:05')
    expect(page.emitted('update:modelValue')?.at(-1)).toEqual([Date.parse('2026-09-21T23:05:00Z')])
  })
})

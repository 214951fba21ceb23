// @vitest-environment happy-dom
import { enableAutoUnmount, flushPromises } from '@vue/test-utils'
import { ElDatePicker } from 'element-plus'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { upload } from '@/api/upload'
import { language } from '@/i18n'
import HistoryPanel from '@/platform/HistoryPanel.vue'
import { useSession } from '@/session/useSession'
import { dayAfter } from '@/time/instant'
import { open, type Opened } from './page'

language.value = 'en'
enableAutoUnmount(afterEach)
beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }) })
afterEach(() => { vi.useRealTimers() })

/** Answers an upload as a server would. */
function serverTakes(status: number, answer: unknown): void {
  vi.stubGlobal('XMLHttpRequest', class {
    upload = {}
    status = status
    response = answer
    onload: () => void = () => undefined
    open(): void { /* nothing to open */ }
    setRequestHeader(): void { /* none is read */ }
    send(): void { queueMicrotask(() => { this.onload() }) }
  })
}

const one = (state: string, readings: number) => ({ id: 'i1', state, readings, refused: 0, lines: [], unknown: [], problem: '' })

async function bringIn(page: Opened['page']): Promise<void> {
  const picker = page.get<HTMLInputElement>('[data-testid=history-file]')
  Object.defineProperty(picker.element, 'files', { value: [new File(['x'], 'old.csv')] })
  await picker.trigger('change')
  await flushPromises()
}

const later = async () => { await vi.advanceTimersByTimeAsync(1_000); await flushPromises() }

test('an import goes on being looked at when one look failed, and that it failed is said meanwhile', async () => {
  serverTakes(202, one('running', 0))
  const look = vi.fn<() => unknown>(() => 503)
  const { page } = await open(HistoryPanel, {}, { 'GET /readings/imports/i1': look })
  await bringIn(page)
  await later()
  expect(page.find('[role=alert]').exists()).toBe(true)
  look.mockReturnValue(one('done', 40))
  await later()
  expect(page.get('[data-testid=history-outcome]').attributes('data-state')).toBe('done')
  expect(page.find('[role=alert]').exists()).toBe(false)
})

test('an import nobody knows any more is not shown as running', async () => {
  serverTakes(202, one('running', 0))
  const { page } = await open(HistoryPanel, {}, {})
  await bringIn(page)
  await later()
  expect(page.find('[data-testid=history-outcome]').exists()).toBe(false)
  expect(page.find('[role=alert]').exists()).toBe(true)
})

test('days go to the server as days: when they begin is the matter of the site, not of this browser', async () => {
  const count = vi.fn<(url: string) => unknown>(() => ({ readings: 0 }))
  const { page } = await open(HistoryPanel, {}, { 'GET /readings/count': count })
  const [first, last] = page.findAllComponents(ElDatePicker)
  first?.vm.$emit('update:modelValue', '2026-11-30')
  last?.vm.$emit('update:modelValue', '2026-11-30')
  expect(first?.props('valueFormat')).toBe('YYYY-MM-DD')
  await page.get('form').trigger('submit')
  await flushPromises()
  expect(count.mock.lastCall?.[0]).toBe('/api/v1/readings/count?start=2026-11-30&end=2026-12-01')
  expect(dayAfter('2027-02-28')).toBe('2027-03-01')
})

test('an upload that finds the session ended leads to the door, as any request does', async () => {
  await open(HistoryPanel, {}, {})
  serverTakes(401, { title: 'signed out' })
  await expect(upload('/readings/import', new Blob(), () => undefined)).rejects.toThrow('signed out')
  expect(useSession().user).toBeNull()
})

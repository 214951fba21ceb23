// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { i18n } from '@/i18n'
import { EVERY_MS, useFresh } from '@/live/useFresh'

const connected = ref(true)
const load = vi.fn()
let look: () => Promise<void> = () => Promise.resolve()
const page = defineComponent({ setup() { ({ look } = useFresh(load, () => connected.value)); return () => h('p') } })

beforeEach(() => { vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }); connected.value = true; load.mockClear() })
afterEach(() => { vi.useRealTimers() })

test('a page reads again each minute, and not after it was left', async () => {
  const shown = mount(page, { global: { plugins: [i18n] } })
  expect(load).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(2 * EVERY_MS)
  expect(load).toHaveBeenCalledTimes(3)
  shown.unmount()
  vi.advanceTimersByTime(5 * EVERY_MS)
  expect(load).toHaveBeenCalledTimes(3)
})

test('while the connection is lost nothing is asked; once it is back the page reads at once', async () => {
  const shown = mount(page, { global: { plugins: [i18n] } })
  connected.value = false
  await flushPromises()
  vi.advanceTimersByTime(5 * EVERY_MS)
  expect(load).toHaveBeenCalledTimes(1)
  connected.value = true
  await flushPromises()
  expect(load).toHaveBeenCalledTimes(2)
  shown.unmount()
})

test('asked while it reads, it reads once more after: what was begun before the question is no answer to it', async () => {
  let answer: () => void = () => undefined
  load.mockImplementationOnce(() => new Promise<void>((resolve) => { answer = resolve }))
  const shown = mount(page, { global: { plugins: [i18n] } })
  await look()
  await look()
  expect(load).toHaveBeenCalledTimes(1)
  answer()
  await flushPromises()
  expect(load).toHaveBeenCalledTimes(2)
  shown.unmount()
})

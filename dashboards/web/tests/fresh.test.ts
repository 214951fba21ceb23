// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import { EVERY_MS, useFresh } from '@/live/useFresh'

const connected = ref(true)
const load = vi.fn()
const page = defineComponent({ setup() { useFresh(load, () => connected.value); return () => h('p') } })

beforeEach(() => { vi.useFakeTimers(); connected.value = true; load.mockClear() })
afterEach(() => { vi.useRealTimers() })

test('a page reads again each minute, and not after it was left', () => {
  const shown = mount(page)
  expect(load).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(2 * EVERY_MS)
  expect(load).toHaveBeenCalledTimes(3)
  shown.unmount()
  vi.advanceTimersByTime(5 * EVERY_MS)
  expect(load).toHaveBeenCalledTimes(3)
})

test('while the connection is lost nothing is asked; once it is back the page reads at once', async () => {
  const shown = mount(page)
  connected.value = false
  await nextTick()
  vi.advanceTimersByTime(5 * EVERY_MS)
  expect(load).toHaveBeenCalledTimes(1)
  connected.value = true
  await nextTick()
  expect(load).toHaveBeenCalledTimes(2)
  shown.unmount()
})

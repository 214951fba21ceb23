// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, expect, test } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { createI18n } from 'vue-i18n'
import { VersionedObjects } from '@/live/versioned'
import { useOne } from '@/live/useOne'

interface Thing { id: string; version: number }

const connected = ref(true)
let objects = new VersionedObjects<Thing>()
let asked: string[] = []
let waiting: (() => void)[] = []

function fetchOne(one: string): Promise<void> {
  asked.push(one)
  return new Promise((resolve) => waiting.push(() => { objects.apply({ id: one, version: asked.length }); resolve() }))
}

async function answer(): Promise<void> {
  waiting.splice(0).forEach((resolve) => { resolve() })
  await flushPromises()
}

const page = () => mount(defineComponent({
  setup() {
    const { one } = useOne('a', objects.byId, fetchOne, () => connected.value)
    return () => h('p', one.value ? `${one.value.id}${String(one.value.version)}` : '')
  },
}), { global: { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en: {} } })] } })

beforeEach(() => { objects = new VersionedObjects(); asked = []; waiting = []; connected.value = true })

test('what ended stays on its page when everything is loaded again after an outage, and is asked for once more', async () => {
  const shown = page()
  await answer()
  expect(shown.text()).toBe('a1')
  objects.replace([], objects.mark())
  await flushPromises()
  expect(shown.text()).toBe('a1')
  expect(asked).toEqual(['a', 'a'])
  await answer()
  expect(shown.text()).toBe('a2')
  shown.unmount()
})

test('it is asked for again once the connection is back', async () => {
  const shown = page()
  await answer()
  connected.value = false
  await flushPromises()
  connected.value = true
  await flushPromises()
  expect(asked).toEqual(['a', 'a'])
  shown.unmount()
})

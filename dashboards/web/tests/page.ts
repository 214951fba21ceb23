/** A page as a person has it, over an API that answers as the test says; the live channel stands. */
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { User } from '@/api/types'
import { i18n } from '@/i18n'
import { useLiveCommunity } from '@/live/useLiveCommunity'
import { router as real } from '@/router'
import { useSession } from '@/session/useSession'

/** By method and path, what is answered: a number is the status of a refusal, a promise is waited for. */
export type Answers = Record<string, unknown>

/** What a refusal says to a person. */
export class Refusal {
  constructor(readonly status: number, readonly detail: string) {}
}

export interface Opened {
  page: VueWrapper
  /** Every request, in order: `GET /users`. */
  asked: string[]
}

export async function open(component: Component, props: Record<string, unknown>, answers: Answers, roles: User['roles'] = ['administrator']): Promise<Opened> {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (url: string, { method }: { method: string }) => {
    const what = `${method} ${url.replace('/api/v1', '').split('?')[0] ?? ''}`
    asked.push(what)
    const found = await (typeof answers[what] === 'function' ? (answers[what] as (url: string) => unknown)(url) : answers[what])
    if (found === undefined) return Response.json({ title: 'not found' }, { status: 404 })
    if (typeof found === 'number') return Response.json({ title: 'refused' }, { status: found })
    return found instanceof Refusal ? Response.json({ title: 'refused', detail: found.detail }, { status: found.status }) : Response.json(found)
  })
  vi.stubGlobal('WebSocket', LiveChannel)
  const pinia = createPinia()
  setActivePinia(pinia)
  useSession().user = { username: 'li-na', name: '李娜', roles } as User
  const live = useLiveCommunity()
  live.start()
  await flushPromises()
  live.stop()
  asked.length = 0
  const router = createRouter({ history: createMemoryHistory(), routes: real.options.routes.map(({ path, name }) => ({ path, name, component: { render: () => null } })) })
  const page = mount(component, { props, global: { plugins: [pinia, i18n, router] }, attachTo: document.body })
  await flushPromises()
  return { page, asked }
}

class LiveChannel {
  onmessage: ((event: { data: string }) => void) | null = null
  constructor() {
    queueMicrotask(() => this.onmessage?.({ data: '{"type": "hello", "event": 1, "now": 1790000000000}' }))
  }

  close(): void { /* nobody listens */ }
}

/** Somebody looks elsewhere and back: whatever is read in the background is read now. */
export async function lookBack(): Promise<void> {
  for (const state of ['hidden', 'visible']) {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
    await flushPromises()
  }
}

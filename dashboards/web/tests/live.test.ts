// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LiveMessage } from '@/api/types'
import { backoffMs } from '@/live/backoff'
import { LOST_AFTER_MS, SILENCE_MS, useLive } from '@/live/useLive'

class FakeSocket {
  static all: FakeSocket[] = []
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null
  closed = false

  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1)
    if (!socket) throw new Error('no socket yet')
    return socket
  }

  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) })
  }

  drop(): void {
    this.onclose?.()
  }

  close(): void {
    this.closed = true
  }
}

const HELLO = { type: 'hello', event: 7, now: 1_790_000_000_000 }

function open(mayRetry: () => Promise<boolean> = () => Promise.resolve(true)) {
  const heard: LiveMessage[] = []
  const connected: boolean[] = []
  const live = useLive({
    url: () => 'ws://here/live',
    onMessage: (message) => heard.push(message),
    onConnected: (again) => connected.push(again),
    mayRetry,
    socket: (url) => new FakeSocket(url) as unknown as WebSocket,
    random: () => 0,
  })
  live.start()
  return { live, heard, connected }
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
})
afterEach(() => {
  vi.useRealTimers()
})

test('is connected only once the server has spoken', () => {
  const { live, connected } = open()
  expect(live.state.value).toBe('connecting')
  FakeSocket.last.say(HELLO)
  expect(live.state.value).toBe('connected')
  expect(connected).toEqual([false])
  live.stop()
})

test('comes back by itself after the last event it saw, and says that it was away', async () => {
  const { live, connected } = open()
  FakeSocket.last.say(HELLO)
  FakeSocket.last.say({ type: 'alarm', event: 12, change: 'raised', object: { id: 'a', version: 1 } })
  FakeSocket.last.drop()
  expect(live.state.value).toBe('reconnecting')
  await vi.advanceTimersByTimeAsync(1000)
  expect(FakeSocket.all).toHaveLength(2)
  expect(FakeSocket.last.url).toBe('ws://here/live?since=12')
  FakeSocket.last.say({ ...HELLO, event: 15 })
  expect(live.state.value).toBe('connected')
  expect(connected).toEqual([false, true])
  live.stop()
})

test('events resent after a reconnection are not passed over when the next cut comes at once', async () => {
  const { live } = open()
  FakeSocket.last.say(HELLO)
  FakeSocket.last.drop()
  await vi.advanceTimersByTimeAsync(1000)
  FakeSocket.last.say({ ...HELLO, event: 30 })
  FakeSocket.last.drop()
  await vi.advanceTimersByTimeAsync(1000)
  expect(FakeSocket.last.url).toBe('ws://here/live?since=7')
  live.stop()
})

test('silence is a loss even while the socket looks open', async () => {
  const { live } = open()
  FakeSocket.last.say(HELLO)
  const silent = FakeSocket.last
  await vi.advanceTimersByTimeAsync(SILENCE_MS - 1000)
  expect(live.state.value).toBe('connected')
  silent.say({ type: 'ping', now: 1 })
  await vi.advanceTimersByTimeAsync(SILENCE_MS - 1000)
  expect(live.state.value).toBe('connected')
  await vi.advanceTimersByTimeAsync(2000)
  expect(live.state.value).toBe('reconnecting')
  expect(silent.closed).toBe(true)
  live.stop()
})

test('a long absence is called a loss, and ends when the server is back', async () => {
  const { live } = open()
  FakeSocket.last.say(HELLO)
  FakeSocket.last.drop()
  for (let s = 0; s <= LOST_AFTER_MS / 1000 + 1; s++) {
    await vi.advanceTimersByTimeAsync(1000)
    FakeSocket.last.drop()
  }
  expect(live.state.value).toBe('lost')
  for (let s = 0; s < 20 && FakeSocket.last.closed; s++) await vi.advanceTimersByTimeAsync(1000)
  FakeSocket.last.say(HELLO)
  expect(live.state.value).toBe('connected')
  live.stop()
})

test('stops when nobody is signed in any more', async () => {
  const { live } = open(() => Promise.resolve(false))
  FakeSocket.last.drop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSocket.all).toHaveLength(1)
  live.stop()
})

test('a late word from a socket that was given up changes nothing', async () => {
  const { live, heard } = open()
  const old = FakeSocket.last
  const speak = old.onmessage
  old.say(HELLO)
  old.drop()
  await vi.advanceTimersByTimeAsync(1000)
  const before = heard.length
  speak?.({ data: JSON.stringify({ type: 'ping', now: 1 }) })
  expect(heard).toHaveLength(before)
  live.stop()
})

test('a broken message is passed over', () => {
  const { live, heard } = open()
  FakeSocket.last.say(HELLO)
  FakeSocket.last.say('{"type":')
  FakeSocket.last.say({ type: 'ping', now: 1 })
  expect(heard.map((m) => m.type)).toEqual(['hello', 'ping'])
  live.stop()
})

test('after a resync it asks for nothing it has already lost', async () => {
  const { live } = open()
  FakeSocket.last.say(HELLO)
  FakeSocket.last.say({ type: 'resync' })
  FakeSocket.last.drop()
  await vi.advanceTimersByTimeAsync(1000)
  expect(FakeSocket.last.url).toBe('ws://here/live')
  live.stop()
})

test('stopped is stopped', async () => {
  const { live } = open()
  FakeSocket.last.say(HELLO)
  live.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSocket.all).toHaveLength(1)
  expect(FakeSocket.last.closed).toBe(true)
})

test('the wait between tries grows, is capped, and is not the same for everybody', () => {
  expect(backoffMs(0, () => 0)).toBe(200)
  expect(backoffMs(3, () => 0)).toBeGreaterThan(backoffMs(1, () => 1))
  expect(backoffMs(99, () => 1)).toBe(5_000)
  expect(backoffMs(4, () => 0)).not.toBe(backoffMs(4, () => 1))
})

/**
 * The live channel: one WebSocket that is always being kept alive.
 *
 * It resumes after the last event it saw, says honestly whether it is connected, and treats silence as a loss: the
 * server pings every 2 s, so no message for `SILENCE_MS` means nobody is there even if the socket looks open.
 */
import { readonly, ref } from 'vue'
import type { LiveMessage } from '@/api/types'
import { toMs } from '@/time/instant'
import { backoffMs } from './backoff'

export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'lost'

export const SILENCE_MS = 6_000
/** Away for this long, "reconnecting" becomes "lost". */
export const LOST_AFTER_MS = 15_000
const CHECK_MS = 1_000

export interface LiveOptions {
  url: () => string
  onMessage: (message: LiveMessage) => void
  /** Connected: the first time, or again (what was missed must be fetched). */
  onConnected: (again: boolean) => void
  /** The connection could not be made; resolves false when nobody is signed in any more, and live ends. */
  mayRetry: () => Promise<boolean>
  onServerTime?: (ms: number) => void
  socket?: (url: string) => WebSocket
  random?: () => number
}

export function useLive(options: LiveOptions) {
  const state = ref<ConnectionState>('connecting')
  const lastMessageAt = ref<number | null>(null)
  let lastEvent: number | null = null
  let socket: WebSocket | null = null
  let running = false
  let failures = 0
  let everConnected = false
  let awaySince = 0
  let heardAt = 0
  let retryTimer: ReturnType<typeof setTimeout> | null = null
  let checkTimer: ReturnType<typeof setInterval> | null = null

  function start(): void {
    if (running) return
    running = true
    failures = 0
    everConnected = false
    lastEvent = null
    state.value = 'connecting'
    awaySince = Date.now()
    checkTimer = setInterval(check, CHECK_MS)
    document.addEventListener('visibilitychange', hurry)
    window.addEventListener('online', hurry)
    connect()
  }

  function stop(): void {
    running = false
    if (checkTimer) clearInterval(checkTimer)
    if (retryTimer) clearTimeout(retryTimer)
    checkTimer = retryTimer = null
    document.removeEventListener('visibilitychange', hurry)
    window.removeEventListener('online', hurry)
    drop()
  }

  function connect(): void {
    retryTimer = null
    const since = lastEvent === null ? '' : `?since=${String(lastEvent)}`
    const opened = (options.socket ?? ((url) => new WebSocket(url)))(options.url() + since)
    socket = opened
    heardAt = Date.now()
    opened.onmessage = (event: MessageEvent) => {
      if (socket === opened) hear(event.data)
    }
    opened.onclose = () => {
      if (socket === opened) away()
    }
    opened.onerror = () => undefined // a close follows, and it decides
  }

  function hear(data: unknown): void {
    heardAt = Date.now()
    let message: LiveMessage
    try {
      message = JSON.parse(String(data)) as LiveMessage
    } catch {
      return // one broken message says nothing about the next
    }
    lastMessageAt.value = heardAt
    if (state.value !== 'connected') arrived()
    if (message.type === 'hello' || message.type === 'ping') {
      const now = toMs(message.now)
      if (now !== null) options.onServerTime?.(now)
    }
    if (message.type === 'hello') {
      // A first connection starts at the present; a resumed one counts on from the events that are resent now.
      // A number below ours means the server's numbering started again (a restored backup).
      if (lastEvent === null || (message.event ?? 0) < lastEvent) lastEvent = message.event
    } else if (message.type === 'resync') {
      lastEvent = null
    } else if ('event' in message) {
      lastEvent = Math.max(lastEvent ?? 0, message.event)
    }
    options.onMessage(message)
  }

  function arrived(): void {
    failures = 0
    state.value = 'connected'
    options.onConnected(everConnected)
    everConnected = true
  }

  function away(): void {
    drop()
    if (!running) return
    if (state.value === 'connected') {
      awaySince = Date.now()
      state.value = 'reconnecting'
    }
    const wait = backoffMs(failures++, options.random)
    retryTimer = setTimeout(() => void retry(), wait)
  }

  async function retry(): Promise<void> {
    if (!(await options.mayRetry())) {
      stop()
      return
    }
    if (running && socket === null) connect()
  }

  function check(): void {
    const now = Date.now()
    if (socket !== null && now - heardAt > SILENCE_MS) away()
    if (state.value !== 'connected' && now - awaySince > LOST_AFTER_MS) state.value = 'lost'
  }

  /** Someone looks at the page again, or the network is back: no reason to wait. */
  function hurry(): void {
    if (document.visibilityState === 'hidden') return
    check()
    if (running && socket === null && retryTimer) {
      clearTimeout(retryTimer)
      failures = 0
      retryTimer = setTimeout(() => void retry(), 0)
    }
  }

  function drop(): void {
    const old = socket
    socket = null
    if (old) {
      old.onmessage = old.onclose = null
      old.close()
    }
  }

  return { state: readonly(state), lastMessageAt: readonly(lastMessageAt), start, stop }
}

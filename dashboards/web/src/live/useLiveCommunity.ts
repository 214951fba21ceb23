/** Joins the live channel to what the page knows: events into the stores, snapshots after every connection. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError } from '@/api/http'
import type { LiveMessage } from '@/api/types'
import { useAlarms } from '@/alarms/useAlarms'
import { useFlood } from '@/alarms/useFlood'
import { useCommunity } from '@/community/useCommunity'
import { usePlans } from '@/plans/usePlans'
import { usePlatform } from '@/platform/usePlatform'
import { useSession } from '@/session/useSession'
import { useSuppressions } from '@/suppressions/useSuppressions'
import { useTickets } from '@/tickets/useTickets'
import { heardServerTime, serverNow } from '@/time/useClock'
import { noteChange } from './changes'
import { useLive } from './useLive'

const REFRESH_MS = 30_000
const RETRY_LOAD_MS = 3_000
const AGE_MS = 5_000

export const useLiveCommunity = defineStore('live', () => {
  const session = useSession()
  const community = useCommunity()
  const alarms = useAlarms()
  const flood = useFlood()
  const suppressions = useSuppressions()
  const tickets = useTickets()
  const plans = usePlans()
  const platform = usePlatform()

  /** The server's time of the last thing heard: what the page shows is as old as that. */
  const dataAt = ref<number | null>(null)
  const loadFailed = ref(false)
  let loading: Promise<void> | null = null
  let again = false
  let refreshTimer: ReturnType<typeof setInterval> | null = null
  let ageTimer: ReturnType<typeof setInterval> | null = null

  const live = useLive({
    url: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`,
    onMessage: hear,
    onConnected: () => void load(),
    mayRetry: () => session.check(),
    onServerTime: heardServerTime,
  })
  const connected = computed(() => live.state.value === 'connected')

  function hear(message: LiveMessage): void {
    dataAt.value = serverNow()
    switch (message.type) {
      case 'alarm':
        alarms.apply(message.object)
        flood.soon()
        break
      case 'unrecorded':
        alarms.applyUnrecorded(message.object)
        break
      case 'suppression':
        suppressions.apply(message.object)
        break
      case 'ticket':
        tickets.apply(message.object)
        break
      case 'plan':
        plans.apply(message.object)
        break
      case 'drill':
      case 'headcount':
        noteChange(message.type, message.object.id)
        break
      case 'readings':
        community.applyReadings(message.values)
        break
      case 'gateway':
        if (message.object.online === false) community.gatewayAway(message.object.id)
        else if (platform.gateways.get(message.object.id)?.online === false) void community.refresh().catch(() => undefined) // asked for again soon
        platform.applyGateway(message.object)
        break
      case 'services':
        platform.applyServices(message.object.items)
        break
      case 'resync':
        void load()
        break
    }
  }

  /** Everything again. One at a time; asked for meanwhile, it runs once more after. */
  function load(): Promise<void> {
    if (loading) {
      again = true
      return loading
    }
    loading = loadAll().finally(() => {
      loading = null
      if (again) {
        again = false
        void load()
      }
    })
    return loading
  }

  async function loadAll(): Promise<void> {
    const parts = [alarms.load(), alarms.loadUnrecorded(), flood.load(), suppressions.load(), community.load(), plans.load(), tickets.load(), platform.load()]
    const results = await Promise.allSettled(parts)
    const failures = results.filter((r) => r.status === 'rejected').map((r): unknown => r.reason)
    loadFailed.value = failures.length > 0
    const ended = failures.some((reason) => reason instanceof ApiError && reason.status === 401)
    if (failures.length && connected.value && !ended) setTimeout(() => void load(), RETRY_LOAD_MS)
  }

  function start(): void {
    void load()
    live.start()
    refreshTimer ??= setInterval(() => {
      if (connected.value) void Promise.allSettled([community.refresh(), platform.load(), flood.load()])
    }, REFRESH_MS)
    ageTimer ??= setInterval(() => { community.age() }, AGE_MS)
  }

  function stop(): void {
    live.stop()
    if (refreshTimer) clearInterval(refreshTimer)
    if (ageTimer) clearInterval(ageTimer)
    refreshTimer = ageTimer = null
  }

  return { state: live.state, connected, dataAt, loadFailed, start, stop, load }
})

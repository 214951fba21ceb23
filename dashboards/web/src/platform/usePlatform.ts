/** The platform itself: its services, its gateways, and what was refused. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { http } from '@/api/http'
import type { GatewayStatus, QuarantineRow, ServiceStatus, SiteFileStatus } from '@/api/types'

const RETRY_LOOK_MS = 1_000
const RETRY_SHOWN_MS = 60_000

export const usePlatform = defineStore('platform', () => {
  const services = shallowRef<readonly ServiceStatus[]>([])
  const gateways = shallowRef<ReadonlyMap<string, GatewayStatus>>(new Map())
  const quarantine = shallowRef<readonly QuarantineRow[]>([])
  const siteFiles = shallowRef<readonly SiteFileStatus[]>([])
  const loaded = shallowRef(false)

  const troubled = computed(() => services.value.filter((service) => service.state !== 'running'))
  const offline = computed(() => [...gateways.value.values()].filter((gateway) => gateway.online === false))
  const impaired = computed(() => [...gateways.value.values()].filter((gateway) => gateway.online && gateway.problem))

  async function load(): Promise<void> {
    const [serviceRows, gatewayRows, fileRows] = await Promise.all([
      http.all<ServiceStatus>('/services'),
      http.all<GatewayStatus>('/gateways'),
      http.get<SiteFileStatus[]>('/services/site-files'),
    ])
    services.value = serviceRows
    siteFiles.value = fileRows
    gateways.value = new Map(gatewayRows.map((gateway) => [gateway.id, gateway]))
    loaded.value = true
  }

  async function loadQuarantine(): Promise<void> {
    quarantine.value = await http.all<QuarantineRow>('/quarantine', { limit: 100 }, 100)
  }

  /** Have what is set aside tried again, and show what became of it. */
  async function retryQuarantine(): Promise<void> {
    await http.post('/quarantine/retry')
    const until = Date.now() + RETRY_SHOWN_MS
    do {
      await new Promise((resolve) => setTimeout(resolve, RETRY_LOOK_MS))
      await loadQuarantine()
    } while (quarantine.value.some((row) => row.asked) && Date.now() < until)
  }

  function applyGateway(gateway: GatewayStatus): void {
    const known = gateways.value.get(gateway.id)
    gateways.value = new Map(gateways.value).set(gateway.id, { ...known, ...gateway })
  }

  function applyServices(rows: readonly ServiceStatus[]): void {
    services.value = rows
  }

  return { services, siteFiles, gateways, quarantine, loaded, troubled, offline, impaired, load, loadQuarantine, retryQuarantine, applyGateway, applyServices }
})

/** The community: its places and points, and the latest value of each point. */
import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef } from 'vue'
import { http } from '@/api/http'
import type { Named, Point, Site, Zone } from '@/api/types'
import { inLanguage } from '@/i18n'
import { isFresh, supersedes, type LiveValue } from '@/points/reading'
import { QUALITY_BITS } from '@/points/quality'
import { toMs } from '@/time/instant'
import { serverNow } from '@/time/useClock'
import { zoneTree } from './zones'

export const useCommunity = defineStore('community', () => {
  const site = shallowRef<Site | null>(null)
  const zones = shallowRef<readonly Zone[]>([])
  const points = shallowRef<ReadonlyMap<string, Point>>(new Map())
  const readings = shallowReactive(new Map<string, LiveValue>())
  const loaded = shallowRef(false)

  const tree = computed(() => zoneTree(zones.value))
  const timeZone = computed(() => site.value?.timezone)

  /** Points by the top-level zone they stand in, in the site's order. */
  const pointsOfRoot = computed(() => {
    const groups = new Map<string, Point[]>()
    for (const point of points.value.values()) {
      const root = tree.value.rootOf(point.zone)
      const group = groups.get(root)
      if (group) group.push(point)
      else groups.set(root, [point])
    }
    return groups
  })

  const simulated = computed(() => {
    for (const reading of readings.values()) {
      if (reading.quality & QUALITY_BITS.simulated) return true
    }
    return false
  })

  async function load(): Promise<void> {
    const [sites, zoneRows, pointRows] = await Promise.all([
      http.all<Site>('/sites'),
      http.all<Zone>('/zones'),
      http.all<Point>('/points', { limit: 500 }),
    ])
    site.value = sites[0] ?? null
    zones.value = zoneRows
    points.value = new Map(pointRows.map((point) => [point.id, point]))
    pointRows.forEach(take)
    loaded.value = true
  }

  /** Points again: whether a silent point is still fresh is the server's to say. */
  async function refresh(): Promise<void> {
    const rows = await http.all<Point>('/points', { limit: 500 })
    points.value = new Map(rows.map((point) => [point.id, point]))
    rows.forEach(take)
  }

  function take(point: Point): void {
    const t = toMs(point.t)
    const known = readings.get(point.id)
    if (known?.t != null && t === null) {
      // The server began anew and has not heard of it yet: what this page knows is old, but it is not nothing.
      readings.set(point.id, { ...known, fresh: false })
    } else if (t === null || supersedes(t, known, serverNow())) {
      readings.set(point.id, { value: point.value, t, quality: point.quality, fresh: point.fresh })
    }
  }

  /** What a backlog brings after an outage is old news, and is shown as old. */
  function applyReadings(values: readonly [string, number, number | null, number][]): void {
    const now = serverNow()
    for (const [id, t, value, quality] of values) {
      if (!supersedes(t, readings.get(id), now)) continue
      readings.set(id, { value, t, quality, fresh: isFresh(value, t, quality, freshFor(id), now) })
    }
  }

  function freshFor(id: string): number {
    return points.value.get(id)?.fresh_for_s ?? Infinity // until its point is known, and with that what the server says of it
  }

  /** What had no news for too long is not of the present, whether or not anybody says so. */
  function age(): void {
    const now = serverNow()
    for (const [id, known] of readings) {
      if (known.fresh && known.t !== null && now - known.t > freshFor(id) * 1000) readings.set(id, { ...known, fresh: false })
    }
  }

  /** Nobody hears its sensors now. What it says once it is back counts again. */
  function gatewayAway(gateway: string): void {
    for (const point of points.value.values()) {
      const known = readings.get(point.id)
      if (point.gateway === gateway && known?.fresh) readings.set(point.id, { ...known, fresh: false })
    }
  }

  function zoneName(id: string | null | undefined): string {
    const zone = id ? tree.value.byId.get(id) : undefined
    return zone ? inLanguage(zone.name) : (id ?? '')
  }

  /** `3号楼 · 一层走廊` */
  function placeName(id: string): string {
    const path = tree.value.pathOf(id)
    return path.length ? path.map((zone) => inLanguage(zone.name)).join(' · ') : id
  }

  const zoneOfDevice = computed(() => new Map([...points.value.values()].map((point) => [point.device, point.zone])))

  /** `2号楼 · 一层走廊 · smoke-b2-f1-a`: people know the place, installers the id. */
  function deviceName(id: string): string {
    const zone = zoneOfDevice.value.get(id)
    return zone ? `${placeName(zone)} · ${id}` : id
  }

  function pointName(id: string): string {
    const point = points.value.get(id)
    return point ? inLanguage(point.name) : id
  }

  /** What a rule judges: a point and where it is, or a place. */
  function scopeName(id: string): string {
    const point = points.value.get(id)
    return point ? `${pointName(id)} · ${placeName(point.zone)}` : placeName(id)
  }

  function named(rows: readonly Named[] | undefined, id: string): string {
    return inLanguage(rows?.find((row) => row.id === id)?.name) || id
  }

  const partyName = (id: string): string => named(site.value?.parties, id)
  const facilityName = (id: string): string => named(site.value?.facilities, id)
  const ruleName = (id: string): string => named(site.value?.rules, id)
  const personName = (id: string): string => site.value?.people[id] ?? id

  return {
    site, zones, points, readings, loaded, tree, timeZone, pointsOfRoot, simulated,
    load, refresh, applyReadings, age, gatewayAway, zoneName, placeName, deviceName, pointName, scopeName, partyName, facilityName, ruleName, personName,
  }
})

/** The community: its places and points, and the latest value of each point. */
import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef } from 'vue'
import { http } from '@/api/http'
import type { Named, Point, Site, Zone } from '@/api/types'
import { inLanguage } from '@/i18n'
import type { LiveValue } from '@/points/reading'
import { QUALITY_BITS, usable } from '@/points/quality'
import { toMs } from '@/time/instant'
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
    if (known?.t != null && t !== null && known.t > t) return
    readings.set(point.id, { value: point.value, t, quality: point.quality, fresh: point.fresh })
  }

  function applyReadings(values: readonly [string, number, number | null, number][]): void {
    for (const [id, t, value, quality] of values) {
      const known = readings.get(id)
      if (known?.t != null && known.t > t) continue
      readings.set(id, { value, t, quality, fresh: value !== null && usable(quality) })
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

  function pointName(id: string): string {
    const point = points.value.get(id)
    return point ? inLanguage(point.name) : id
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
    load, refresh, applyReadings, zoneName, placeName, pointName, partyName, facilityName, ruleName, personName,
  }
})

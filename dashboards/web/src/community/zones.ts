/** The tree of places, from the API's rows. */
import type { Zone } from '@/api/types'

export interface ZoneTree {
  byId: ReadonlyMap<string, Zone>
  /** Zones with no parent, in the site's order: what the overview shows as tiles. */
  roots: readonly Zone[]
  childrenOf: (id: string) => readonly Zone[]
  rootOf: (id: string) => string
  /** From the root down to the zone itself. */
  pathOf: (id: string) => readonly Zone[]
  /** The zone and everything inside it, in order. */
  within: (id: string) => readonly Zone[]
}

export function zoneTree(rows: readonly Zone[]): ZoneTree {
  const byId = new Map(rows.map((zone) => [zone.id, zone]))
  const children = new Map<string, Zone[]>()
  for (const zone of rows) {
    const parent = zone.parent && byId.has(zone.parent) ? zone.parent : ''
    children.set(parent, [...(children.get(parent) ?? []), zone])
  }
  const childrenOf = (id: string): readonly Zone[] => children.get(id) ?? []

  function pathOf(id: string): readonly Zone[] {
    const path: Zone[] = []
    let zone = byId.get(id)
    while (zone && !path.includes(zone)) {
      path.unshift(zone)
      zone = zone.parent ? byId.get(zone.parent) : undefined
    }
    return path
  }

  function within(id: string): readonly Zone[] {
    const zone = byId.get(id)
    return zone ? [zone, ...childrenOf(id).flatMap((child) => within(child.id))] : []
  }

  return { byId, roots: childrenOf(''), childrenOf, rootOf: (id) => pathOf(id)[0]?.id ?? id, pathOf, within }
}

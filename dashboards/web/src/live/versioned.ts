/** Objects with a version, from two sources that race: snapshots by request and events by push. */
import { shallowReactive } from 'vue'

interface Versioned {
  id: string
  version: number
}

export class VersionedObjects<T extends Versioned> {
  readonly byId = shallowReactive(new Map<string, T>())

  /** Take `object` unless a newer one is known. */
  apply(object: T): boolean {
    const known = this.byId.get(object.id)
    if (known && known.version > object.version) return false
    this.byId.set(object.id, object)
    return true
  }

  /** Remember what is known before a snapshot is asked for. */
  mark(): Map<string, number> {
    return new Map([...this.byId].map(([id, object]) => [id, object.version]))
  }

  /** Take a whole snapshot; what came by event since `mark` is newer than it and stays. */
  replace(items: readonly T[], mark: Map<string, number>): void {
    const ids = new Set(items.map((item) => item.id))
    for (const [id, object] of this.byId) {
      if (!ids.has(id) && mark.get(id) === object.version) this.byId.delete(id)
    }
    items.forEach((item) => this.apply(item))
  }

  clear(): void {
    this.byId.clear()
  }
}

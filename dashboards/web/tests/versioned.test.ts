import { expect, test } from 'vitest'
import { VersionedObjects } from '@/live/versioned'

const object = (id: string, version: number) => ({ id, version })

test('an older version never replaces a newer one', () => {
  const known = new VersionedObjects()
  expect(known.apply(object('a', 2))).toBe(true)
  expect(known.apply(object('a', 1))).toBe(false)
  expect(known.byId.get('a')?.version).toBe(2)
})

test('a snapshot removes what is gone', () => {
  const known = new VersionedObjects()
  known.apply(object('a', 1))
  known.apply(object('b', 1))
  known.replace([object('b', 2)], known.mark())
  expect([...known.byId.values()]).toEqual([object('b', 2)])
})

test('what came by event while the snapshot was on its way stays', () => {
  const known = new VersionedObjects()
  known.apply(object('a', 1))
  const mark = known.mark()
  known.apply(object('a', 2))
  known.apply(object('new', 1))
  known.replace([], mark)
  expect([...known.byId.keys()].sort()).toEqual(['a', 'new'])
})

test('a snapshot older than an event does not undo it', () => {
  const known = new VersionedObjects()
  const mark = known.mark()
  known.apply(object('a', 5))
  known.replace([object('a', 4)], mark)
  expect(known.byId.get('a')?.version).toBe(5)
})

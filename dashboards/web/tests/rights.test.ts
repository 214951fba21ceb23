import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RIGHTS, may } from '@/people/rights'

/** The server's own table: what the page offers must be what the server allows. */
const source = readFileSync('../../community/people.py', 'utf8')

function enumValues(name: string): Map<string, string> {
  const body = source.split(`class ${name}(StrEnum):`)[1]?.split('\nclass ')[0]?.split('\n_VIEW')[0] ?? ''
  return new Map([...body.matchAll(/^ {4}([A-Z_]+) = "([a-z-]+)"/gm)].map((m) => [m[1] ?? '', m[2] ?? '']))
}

test('roles and rights are those of community/people.py', () => {
  const roles = enumValues('Role')
  const actions = enumValues('Action')
  expect(roles.size).toBe(5)
  const table = source.split('RIGHTS: dict')[1]?.split('\n}')[0] ?? ''
  const rows = table.split(/^ {4}Role\./m).slice(1)
  expect(rows).toHaveLength(roles.size)
  for (const row of rows) {
    const role = roles.get(/^[A-Z_]+/.exec(row)?.[0] ?? '') as keyof typeof RIGHTS
    const rights = [...row.matchAll(/Action\.([A-Z_]+)/g)].map((m) => actions.get(m[1] ?? '') ?? '?')
    if (row.includes('_VIEW')) rights.push('view')
    expect([...RIGHTS[role]].sort(), role).toEqual(rights.sort())
  }
})

test('any role that carries a right is enough', () => {
  expect(may(['supervisor', 'crew'], 'work-ticket')).toBe(true)
  expect(may(['supervisor'], 'work-ticket')).toBe(false)
  expect(may([], 'view')).toBe(false)
})

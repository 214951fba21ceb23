/** What a line of an activation's timeline says, in words: steps, points, roles, people and outcomes are codes in it. */
import { useI18n } from 'vue-i18n'
import { useAlarms } from '@/alarms/useAlarms'
import type { Activation } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { inLanguage, oneLanguage } from '@/i18n'
import { useActivationNames } from './useActivationNames'
import { useOutcomeWords } from './useOutcomeWords'

type Entry = Activation['timeline'][number]

/** The part before the first colon, and what follows it. */
function halves(text: string): [string, string] {
  const at = text.indexOf(':')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()]
}

export function useTimelineWords(activation: () => Activation) {
  const { t, te } = useI18n()
  const community = useCommunity()
  const alarms = useAlarms()
  const nameOf = useActivationNames(activation)
  const outcome = useOutcomeWords(nameOf)

  const grade = (name: string): string => (te(`grade.${name}`) ? t(`grade.${name}`) : name)
  const join = (first: string, rest: string): string => (rest ? first + t('list.colon') + rest : first)
  const names = (ids: string): string => ids.split(', ').map(nameOf).join(t('list.join'))

  /** One row a kind of line; what is not here is a step or people with words, or words alone. */
  const SAID: Record<string, (text: string) => string> = {
    commanded: listed,
    telling: listed,
    'called-again': (text) => { const [zone, why] = halves(text); return join(community.zoneName(zone), oneLanguage(why)) },
    'level-up': level,
    'level-down': level,
    'alarm-joined': (id) => { const alarm = alarms.byId.get(id); return alarm ? inLanguage(alarm.message) : id },
    'headcount-begun': (text) => { const [zone, inside] = halves(text); return join(community.zoneName(zone), inside) },
  }

  function listed(text: string): string {
    const [step, ids] = halves(text)
    return join(nameOf(step), names(ids))
  }

  function level(text: string): string {
    const [, before = '', after = '', why = ''] = /^(\w+) -> (\w+): (.*)$/s.exec(text) ?? []
    return after ? join(`${grade(before)} → ${grade(after)}`, oneLanguage(why)) : oneLanguage(text)
  }

  function named(text: string): string {
    const [first, rest] = halves(text)
    const isNamed = first.split(', ').every((one) => activation().steps.some((step) => step.id === one) || community.site?.people[one] !== undefined)
    return isNamed ? join(names(first), outcome(rest)) : outcome(text)
  }

  return (entry: Entry): string => (SAID[entry.what] ?? named)(entry.detail)
}

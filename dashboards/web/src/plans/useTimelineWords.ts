/** What a line of an activation's timeline says, in words: steps, points, roles, people and outcomes are codes in it. */
import { useI18n } from 'vue-i18n'
import { useAlarms } from '@/alarms/useAlarms'
import type { Activation } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { inLanguage, oneLanguage } from '@/i18n'
import { useRoleNames } from './useRoleNames'
import { useToldWords } from './useToldWords'

type Entry = Activation['timeline'][number]

/** The part before the first colon, and what follows it. */
function halves(text: string): [string, string] {
  const at = text.indexOf(':')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()]
}

const ANSWER = /^([\w-]+\.[\w-]+): ([a-z-]+)(?:, (.*?))?(; now the commander's)?$/s
const SECONDS = /([\d.]+) s/

export function useTimelineWords(activation: () => Activation) {
  const { t, te } = useI18n()
  const community = useCommunity()
  const alarms = useAlarms()
  const roleNames = useRoleNames()
  const toldWords = useToldWords()

  const stepName = (id: string): string => inLanguage(activation().steps.find((step) => step.id === id)?.name) || id
  const isStep = (id: string): boolean => activation().steps.some((step) => step.id === id)
  const points = (ids: string): string => ids.split(', ').map(community.pointName).join(t('list.join'))
  const grade = (name: string): string => (te(`grade.${name}`) ? t(`grade.${name}`) : name)
  const join = (first: string, rest: string): string => (rest ? first + t('list.colon') + rest : first)

  /** `doors-b3.relay-1: refused, a fire stands`: the point by its name, what became of the command, and why. */
  function answer(text: string): string {
    const [whole, point = '', outcome = '', why = '', theirs = ''] = ANSWER.exec(text) ?? []
    if (whole === undefined) return oneLanguage(text)
    const said = te(`plans.action.${outcome}`) ? t(`plans.action.${outcome}`) : outcome
    return join(community.pointName(point), [said, oneLanguage(why), theirs ? t('timeline.nowTheCommanders') : ''].filter(Boolean).join(t('list.join')))
  }

  function failed(text: string): string {
    return ANSWER.test(text) ? answer(text) : toldWords(` ${text}`).trim()
  }

  /** One row a kind of line; what is not here is a step or people with words, or words alone. */
  const SAID: Record<string, (text: string) => string> = {
    commanded: (text) => { const [step, ids] = halves(text); return join(stepName(step), points(ids)) },
    'command-done': answer,
    'command-answered': answer,
    'output-restored': answer,
    'output-not-restored': answer,
    telling: (text) => { const [step, roles] = halves(text); return join(stepName(step), roleNames(roles)) },
    'step-failed': (text) => { const [step, why] = halves(text); return join(stepName(step), failed(why)) },
    'step-late': (text) => join(stepName(halves(text)[0]), t('timeline.escalated')),
    standby: (text) => t('timeline.answerWithin', { n: SECONDS.exec(text)?.[1] ?? '' }),
    investigating: (text) => t('timeline.inForceIn', { n: SECONDS.exec(text)?.[1] ?? '' }),
    'called-again': (text) => { const [zone, why] = halves(text); return join(community.zoneName(zone), oneLanguage(why)) },
    'level-up': level,
    'level-down': level,
    'alarm-joined': (id) => { const alarm = alarms.byId.get(id); return alarm ? inLanguage(alarm.message) : id },
  }

  function level(text: string): string {
    const [, before = '', after = '', why = ''] = /^(\w+) -> (\w+): (.*)$/s.exec(text) ?? []
    return after ? join(`${grade(before)} → ${grade(after)}`, oneLanguage(why)) : oneLanguage(text)
  }

  function named(text: string): string {
    const [first, rest] = halves(text)
    const known = first.split(', ').map((one) => (isStep(one) ? stepName(one) : community.site?.people[one]))
    if (known.some((one) => one === undefined)) return oneLanguage(text)
    return join(known.join(t('list.join')), toldWords(` ${rest}`).trim())
  }

  return (entry: Entry): string => (SAID[entry.what] ?? named)(entry.detail)
}

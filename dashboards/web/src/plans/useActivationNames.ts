/** What ids in an activation's sentences are called: its steps, points, interlocks, people, and the roles of a plan. */
import type { Activation } from '@/api/types'
import { useCommunity } from '@/community/useCommunity'
import { inLanguage } from '@/i18n'
import type { NameOf } from '@/i18n/sentences'
import { usePlatform } from '@/platform/usePlatform'
import { useRoleNames } from './useRoleNames'

const ID = /^[\w:.-]+$/

export function useActivationNames(activation: () => Activation | null | undefined): NameOf {
  const community = useCommunity()
  const platform = usePlatform()
  const roleNames = useRoleNames()
  return (id) => {
    if (!ID.test(id)) return id
    const step = activation()?.steps.find((one) => one.id === id)
    if (step) return inLanguage(step.name)
    const interlock = [...platform.gateways.values()].flatMap((gateway) => gateway.interlocks).find((one) => one.id === id)
    if (interlock) return inLanguage(interlock.name)
    return community.points.has(id) ? community.pointName(id) : (community.site?.people[id] ?? roleNames(id))
  }
}
